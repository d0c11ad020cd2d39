#include "api/managed_fields/walk.h"

#include "test/api/managed_fields/documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::managed_fields::blank_object;
using api::managed_fields::Changes;
using api::managed_fields::compare;
using api::managed_fields::fields_of;

namespace {

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("who applies a configuration owns what it says") {
  struct Row {
    const char* name;
    const char* spec;
    Paths owned;
  };
  const Row row = GENERATE(values<Row>({
      {"scalars", "{nodeName: a, hostNetwork: false}", {".spec.hostNetwork", ".spec.nodeName"}},
      {"items by key, with their fields",
       "{containers: [{name: web, image: nginx}]}",
       {R"(.spec.containers[name="web"])", R"(.spec.containers[name="web"].image)",
        R"(.spec.containers[name="web"].name)"}},
      {"a key that is left out has its default",
       "{containers: [{name: web, ports: [{containerPort: 80}]}]}",
       {R"(.spec.containers[name="web"])", R"(.spec.containers[name="web"].name)",
        R"(.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"])",
        R"(.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort)"}},
      {"atomic lists and maps as a whole",
       "{tolerations: [{key: a}], nodeSelector: {a: b}}",
       {".spec.nodeSelector", ".spec.tolerations"}},
      {"empty structs and nulls",
       "{volumes: [{name: tmp, emptyDir: {}}], nodeName: null}",
       {".spec.nodeName", R"(.spec.volumes[name="tmp"])", R"(.spec.volumes[name="tmp"].emptyDir)",
        R"(.spec.volumes[name="tmp"].name)"}},
      {"an empty list of items says nothing, an empty atomic one does",
       "{containers: [], tolerations: []}",
       {".spec.tolerations"}},
      {"maps by key",
       "{containers: [{name: a, resources: {limits: {cpu: 1}}}]}",
       {R"(.spec.containers[name="a"])", R"(.spec.containers[name="a"].name)",
        R"(.spec.containers[name="a"].resources.limits.cpu)"}},
  }));
  INFO(row.name);
  CHECK(paths(fields_of(pod_type(), pod_with(row.spec))) == row.owned);
}

TEST_CASE("sets and atomic references of metadata") {
  const Json object = yaml(R"({metadata: {finalizers: [example.com/a], labels: {app: web},
                               ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u1}]}})");
  CHECK(paths(fields_of(pod_type(), object)) == Paths{R"(.metadata.finalizers[="example.com/a"])",
                                                      ".metadata.labels.app",
                                                      R"(.metadata.ownerReferences[uid="u1"])"});
}

TEST_CASE("two objects are compared field by field") {
  struct Row {
    const char* name;
    const char *before, *after;
    Paths added, modified, removed;
  };
  const Row row = GENERATE(values<Row>({
      {"no change", "{nodeName: a, containers: [{name: x}]}", "{nodeName: a, containers: [{name: x}]}", {}, {}, {}},
      {"a scalar", "{nodeName: a}", "{nodeName: b}", {}, {".spec.nodeName"}, {}},
      {"a scalar comes", "{}", "{nodeName: b}", {".spec.nodeName"}, {}, {}},
      {"a scalar goes", "{nodeName: b}", "{}", {}, {}, {".spec.nodeName"}},
      {"the order of items does not count",
       "{containers: [{name: a}, {name: b}]}",
       "{containers: [{name: b}, {name: a}]}",
       {},
       {},
       {}},
      {"an item comes, with all values on the way",
       "{containers: [{name: a}]}",
       "{containers: [{name: a}, {name: b, env: [{name: x, value: y}]}]}",
       {R"(.spec.containers[name="b"])", R"(.spec.containers[name="b"].env)", R"(.spec.containers[name="b"].name)",
        R"(.spec.containers[name="b"].env[name="x"])", R"(.spec.containers[name="b"].env[name="x"].name)",
        R"(.spec.containers[name="b"].env[name="x"].value)"},
       {},
       {}},
      {"a field of an item",
       "{containers: [{name: a, image: x}]}",
       "{containers: [{name: a, image: y}]}",
       {},
       {R"(.spec.containers[name="a"].image)"},
       {}},
      {"the order of an atomic list counts",
       "{tolerations: [{key: a}, {key: b}]}",
       "{tolerations: [{key: b}, {key: a}]}",
       {},
       {".spec.tolerations"},
       {}},
      {"an empty struct becomes another",
       "{volumes: [{name: t, emptyDir: {}}]}",
       "{volumes: [{name: t, emptyDir: {medium: Memory}}]}",
       {R"(.spec.volumes[name="t"].emptyDir.medium)"},
       {},
       {}},
      {"items of one name count as one",
       "{containers: [{name: a, env: [{name: x, value: 1}, {name: x, value: 2}]}]}",
       "{containers: [{name: a, env: [{name: x, value: 1}, {name: x, value: 3}]}]}",
       {},
       {R"(.spec.containers[name="a"].env[name="x"])"},
       {}},
      {"an item is repeated",
       "{containers: [{name: a, env: [{name: x, value: 1}]}]}",
       "{containers: [{name: a, env: [{name: x, value: 1}, {name: x, value: 2}]}]}",
       {R"(.spec.containers[name="a"].env[name="x"])"},
       {},
       {R"(.spec.containers[name="a"].env[name="x"])", R"(.spec.containers[name="a"].env[name="x"].name)",
        R"(.spec.containers[name="a"].env[name="x"].value)"}},
      {"null is nothing to a list",
       "{containers: [{name: a}]}",
       "{containers: null}",
       {},
       {},
       {R"(.spec.containers[name="a"])", R"(.spec.containers[name="a"].name)"}},
  }));
  INFO(row.name);
  const Changes changes = compare(pod_type(), pod_with(row.before), pod_with(row.after));
  CHECK(paths(changes.added) == row.added);
  CHECK(paths(changes.modified) == row.modified);
  CHECK(paths(changes.removed) == row.removed);
}

TEST_CASE("what Go makes of nothing belongs to nobody") {
  const Json object = yaml(R"({metadata: {name: web, labels: {app: web}},
                               spec: {replicas: 3, selector: {matchLabels: {app: web}}, strategy: {type: RollingUpdate,
                                      rollingUpdate: {maxSurge: 1}},
                                      template: {metadata: {creationTimestamp: null, labels: {app: web}},
                                                 spec: {securityContext: {}, containers: [{name: web, resources: {}}]}}},
                               status: {}})");
  const Changes changes = compare(deployment_type(), blank_object(deployment_type()), object);
  api::managed_fields::FieldSet all = changes.added;
  all.add(changes.modified);
  all.subtract(api::managed_fields::FieldSet{{"metadata", "name"}});
  // The very set that kube-apiserver writes for kubectl create.
  CHECK(all.tree() == yaml(R"({
    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
    "f:spec": {"f:replicas": {}, "f:selector": {},
               "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
               "f:template": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                              "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:resources": {}}},
                                         "f:securityContext": {}}}}})"));
}

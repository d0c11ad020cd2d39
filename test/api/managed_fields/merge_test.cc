#include "api/managed_fields/merge.h"

#include "test/api/managed_fields/documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::managed_fields::check_configuration;
using api::managed_fields::FieldSet;
using api::managed_fields::merge;
using api::managed_fields::without;

namespace {

// Names of containers, as a list to merge: "a b c".
Json named(const std::string& names) {
  Json list = Json::array();
  std::string name;
  for (const char c : names + " ") {
    if (c != ' ') {
      name += c;
    } else if (!name.empty()) {
      list.push_back({{"name", std::exchange(name, "")}});
    }
  }
  return Json{{"spec", {{"containers", list}}}};
}

std::string names_of(const Json& pod) {
  std::string names;
  for (const Json& container : pod.at("spec").at("containers")) {
    names += (names.empty() ? "" : " ") + container.at("name").get<std::string>();
  }
  return names;
}

}  // namespace

TEST_CASE("a configuration is merged by its types") {
  struct Row {
    const char* name;
    const char *live, *applied, *merged;
  };
  const Row row = GENERATE(values<Row>({
      {"fields are united", "{nodeName: a}", "{hostNetwork: true}", "{nodeName: a, hostNetwork: true}"},
      {"the configuration wins", "{nodeName: a}", "{nodeName: b}", "{nodeName: b}"},
      {"items of one key are merged", "{containers: [{name: a, image: x, tty: true}]}",
       "{containers: [{name: a, image: y}]}", "{containers: [{name: a, image: y, tty: true}]}"},
      {"atomic lists and maps are replaced", "{tolerations: [{key: a}], nodeSelector: {a: b, c: d}}",
       "{tolerations: [{key: b}], nodeSelector: {c: e}}", "{tolerations: [{key: b}], nodeSelector: {c: e}}"},
      {"maps are united", "{overhead: {cpu: 1}}", "{overhead: {memory: 2}}", "{overhead: {cpu: 1, memory: 2}}"},
      {"null takes a scalar's place", "{nodeName: a}", "{nodeName: null}", "{nodeName: null}"},
      {"null and empty say nothing to a list of items", "{containers: [{name: a}]}", "{containers: []}",
       "{containers: [{name: a}]}"},
      {"an empty struct is kept", "{}", "{volumes: [{name: t, emptyDir: {}}]}", "{volumes: [{name: t, emptyDir: {}}]}"},
      {"keys with defaults are the same as written ones",
       "{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP, hostPort: 1}]}]}",
       "{containers: [{name: a, ports: [{containerPort: 80, hostPort: 2}]}]}",
       "{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP, hostPort: 2}]}]}"},
  }));
  INFO(row.name);
  CHECK(merge(pod_type(), pod_with(row.live), pod_with(row.applied)) == pod_with(row.merged));
}

TEST_CASE("merged lists keep the configuration's order") {
  struct Row {
    const char *live, *applied, *merged;
  };
  const Row row = GENERATE(values<Row>({
      {"a b c", "a b c", "a b c"},
      {"a b c", "c b a", "c b a"},
      {"a b c", "b", "a b c"},
      {"a b c", "d", "a b c d"},
      {"a b c", "c a", "b c a"},
      {"a x b c", "b n a", "x b c n a"},
      {"a b", "n a m b o", "n a m b o"},
      {"x y", "a b", "x y a b"},
      {"", "a b", "a b"},
      {"a x b y", "b a", "x b y a"},
      {"a a b", "a b", "a b"},
  }));
  INFO(row.live << " + " << row.applied);
  CHECK(names_of(merge(pod_type(), named(row.live), named(row.applied))) == row.merged);
}

TEST_CASE("sets are merged by value") {
  const Json live = yaml("{metadata: {finalizers: [x/a, x/b]}}");
  const Json applied = yaml("{metadata: {finalizers: [x/c, x/a]}}");
  CHECK(merge(pod_type(), live, applied) == yaml("{metadata: {finalizers: [x/c, x/a, x/b]}}"));
}

TEST_CASE("what cannot be merged is named with its path") {
  struct Row {
    const char* configuration;
    std::vector<std::string> findings;
  };
  const Row row = GENERATE(values<Row>({
      {"{spec: {replicas: three}}", {".spec.replicas: expected numeric (int or float), got string"}},
      {"{spec: {paused: 1}}", {".spec.paused: expected boolean, got &{1}"}},
      {"{spec: {foo: 1}}", {".spec.foo: field not declared in schema"}},
      {"{metadata: {labels: {a: 1}}}", {".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}"}},
      {"{metadata: {labels: [a]}}", {".metadata.labels: expected map, got &{[a]}"}},
      {"{spec: {template: {spec: {containers: {name: a}}}}}",
       {".spec.template.spec.containers: expected list, got &{map[name:a]}"}},
      {"{spec: {template: {spec: {containers: [{image: a}]}}}}",
       {".spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "
        "\"name\" (and doesn't have default value)"}},
      {"{spec: {template: {spec: {containers: [{name: a}, {name: a}]}}}}",
       {R"(.spec.template.spec.containers: duplicate entries for key [name="a"])"}},
      {"{spec: {template: {spec: {containers: [{name: a, ports: [{containerPort: http}]}]}}}}",
       {R"(.spec.template.spec.containers[name="a"].ports[containerPort="http",protocol="TCP"].containerPort: )"
        "expected numeric (int or float), got string"}},
      {"{metadata: {finalizers: [a, a]}}", {R"(.metadata.finalizers: duplicate entries for key [="a"])"}},
      {"{metadata: {finalizers: [{a: b}]}}",
       {".metadata.finalizers: element 0: associative list without keys has an element that's a map type"}},
      {"{spec: {replicas: a, paused: b}}",
       {".spec.paused: expected boolean, got &{b}", ".spec.replicas: expected numeric (int or float), got string"}},
      {"{spec: {replicas: null, template: null}}", {}},
      {"[]", {"expected map, got &{[]}"}},
  }));
  INFO(row.configuration);
  CHECK(check_configuration(deployment_type(), yaml(row.configuration)) == row.findings);
}

TEST_CASE("fields, members and items are taken out of an object") {
  struct Row {
    const char* name;
    const char *before, *fields, *after;
  };
  const Row row = GENERATE(values<Row>({
      {"a field", "{nodeName: a, hostNetwork: true}", R"({"f:nodeName": {}})", "{hostNetwork: true}"},
      {"an item", "{containers: [{name: a}, {name: b}]}", R"({"f:containers": {'k:{"name":"a"}': {}}})",
       "{containers: [{name: b}]}"},
      {"a field of an item", "{containers: [{name: a, image: x}]}",
       R"({"f:containers": {'k:{"name":"a"}': {"f:image": {}}}})", "{containers: [{name: a}]}"},
      {"what is empty then becomes null", "{nodeName: n, overhead: {cpu: 1}}", R"({"f:overhead": {"f:cpu": {}}})",
       "{nodeName: n, overhead: null}"},
      {"what is not there", "{nodeName: a}", R"({"f:hostNetwork": {}, "f:unknown": {}})", "{nodeName: a}"},
  }));
  INFO(row.name);
  const auto fields = FieldSet::parse(Json{{"f:spec", yaml(row.fields)}});
  REQUIRE(fields);
  CHECK(without(pod_type(), pod_with(row.before), *fields) == pod_with(row.after));
}

TEST_CASE("a long list is merged in bounded time") {
  Json live = Json::array(), applied = Json::array();
  constexpr int kItems = 20'000;
  for (int i = 0; i < kItems; ++i) {
    live.push_back({{"name", "n" + std::to_string(i)}});
    applied.push_back({{"name", "n" + std::to_string(kItems - i)}});
  }
  const Json merged =
      merge(pod_type(), Json{{"spec", {{"containers", live}}}}, Json{{"spec", {{"containers", applied}}}});
  CHECK(merged["spec"]["containers"].size() == kItems + 1);
}

#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::PatchType;
using api::Reason;

namespace {

Json yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  REQUIRE(parsed);
  return std::move(parsed->value);
}

// A cluster whose verbs are called in the name of a manager.
class ManagedCluster : public Cluster {
 public:
  ManagedCluster& as(const std::string& manager) {
    context.field_manager = manager;
    return *this;
  }

  api::Result<Json> apply(const std::string& spec, std::string subresource = "", bool force = false) {
    const bool is_scale = subresource == "scale";
    Json configuration{{"apiVersion", is_scale ? "autoscaling/v1" : "apps/v1"},
                       {"kind", is_scale ? "Scale" : "Deployment"},
                       {"metadata", {{"name", "web"}}}};
    configuration.update(yaml(spec));
    return apply_document(std::move(configuration), std::move(subresource), force);
  }

  api::Result<Json> apply_document(Json configuration, std::string subresource = "", bool force = false) {
    params.force = force;
    auto applied = patch(api::kDeployments, "web", PatchType::kApply, std::move(configuration), std::move(subresource));
    params.force = false;
    return applied;
  }

  // The entries of the stored Deployment, without fieldsType, in their order.
  Json managers() {
    Json list = (*get(api::kDeployments, "web"))["metadata"].value("managedFields", Json::array());
    for (Json& entry : list) {
      CHECK(entry["fieldsType"] == "FieldsV1");
      entry.erase("fieldsType");
    }
    return list;
  }

  Json manager(const std::string& name, const std::string& subresource = "") {
    for (const Json& entry : managers()) {
      if (entry["manager"] == name && string_at(entry, {"subresource"}) == subresource) return entry;
    }
    return nullptr;
  }

  Json fields(const std::string& name, const std::string& subresource = "") {
    const Json entry = manager(name, subresource);
    return entry.is_null() ? entry : entry["fieldsV1"];
  }
};

const char* const kSpec = R"(
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
)";

}  // namespace

TEST_CASE("a created object belongs to who creates it, defaults included, but not what the server adds") {
  ManagedCluster cluster;
  REQUIRE(cluster.as("kubectl-create").create(api::kDeployments, deployment("web")));
  CHECK(cluster.managers() == yaml(R"([{manager: kubectl-create, operation: Update, apiVersion: apps/v1,
    time: "2026-11-22T10:00:00Z",
    fieldsV1: {"f:spec": {
      "f:progressDeadlineSeconds": {}, "f:replicas": {}, "f:revisionHistoryLimit": {}, "f:selector": {},
      "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}},
      "f:template": {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
          "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {},
            "f:resources": {}, "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}}},
          "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:securityContext": {},
          "f:terminationGracePeriodSeconds": {}}}}}}])"));
}

TEST_CASE("an object without a manager's name is managed by unknown") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("a", {{"k", "v"}})));
  CHECK((*cluster.get(api::kConfigMaps, "a"))["metadata"]["managedFields"][0]["manager"] == "unknown");
}

TEST_CASE("updates move fields between managers") {
  ManagedCluster cluster;
  const Json created = *cluster.as("alice").create(api::kDeployments, deployment("web"));
  Json changed = created;
  changed["spec"]["replicas"] = 5;

  SECTION("with the managers as they were read") {
    REQUIRE(cluster.as("bob").update(api::kDeployments, changed));
    CHECK(cluster.fields("bob") == yaml(R"({"f:spec": {"f:replicas": {}}})"));
    CHECK_FALSE(cluster.fields("alice")["f:spec"].contains("f:replicas"));
  }
  SECTION("without any") {
    changed["metadata"].erase("managedFields");
    REQUIRE(cluster.as("bob").update(api::kDeployments, changed));
    CHECK(cluster.fields("bob") == yaml(R"({"f:spec": {"f:replicas": {}}})"));
    CHECK_FALSE(cluster.fields("alice").is_null());
  }
  SECTION("by every type of patch") {
    const auto type = GENERATE(PatchType::kMerge, PatchType::kStrategicMerge, PatchType::kJson);
    const Json patch = type == PatchType::kJson ? yaml("[{op: replace, path: /spec/replicas, value: 5}]")
                                                : yaml("{spec: {replicas: 5}}");
    REQUIRE(cluster.as("bob").patch(api::kDeployments, "web", type, patch));
    CHECK(cluster.fields("bob") == yaml(R"({"f:spec": {"f:replicas": {}}})"));
  }
  SECTION("through status, which owns nothing of spec") {
    changed["status"] = {{"replicas", 2}};
    REQUIRE(cluster.as("bob").update(api::kDeployments, changed, "status"));
    CHECK(cluster.fields("bob", "status") == yaml(R"({"f:status": {"f:replicas": {}}})"));
    CHECK(cluster.fields("alice")["f:spec"].contains("f:replicas"));
  }
  SECTION("that change nothing write nothing, whoever sends them") {
    const store::Revision before = cluster.store->revision();
    cluster.clock.advance(std::chrono::hours(1));
    REQUIRE(cluster.as("bob").update(api::kDeployments, created));
    REQUIRE(cluster.as("bob").patch(api::kDeployments, "web", PatchType::kMerge, yaml("{spec: {replicas: 1}}")));
    CHECK(cluster.store->revision() == before);
  }
}

TEST_CASE("clients may write the managers themselves") {
  ManagedCluster cluster;
  const Json created = *cluster.as("alice").create(api::kDeployments, deployment("web"));
  Json changed = created;
  Json& list = changed["metadata"]["managedFields"];

  SECTION("an empty list and an empty entry reset them, and nobody keeps books until the next apply") {
    list = GENERATE(Json::array(), Json::array({Json::object()}));
    REQUIRE(cluster.as("bob").update(api::kDeployments, changed));
    CHECK(cluster.managers().empty());
    REQUIRE(cluster.as("carol").patch(api::kDeployments, "web", PatchType::kMerge, yaml("{spec: {replicas: 7}}")));
    CHECK(cluster.managers().empty());
    REQUIRE(cluster.as("dave").apply("{spec: {paused: true}}"));
    CHECK(cluster.fields("dave") == yaml(R"({"f:spec": {"f:paused": {}}})"));
    CHECK(cluster.fields("before-first-apply")["f:spec"].contains("f:replicas"));
  }
  SECTION("through a subresource they are not heard") {
    list = Json::array({Json::object()});
    REQUIRE(cluster.update(api::kDeployments, changed, "status"));
    CHECK(cluster.managers().size() == 1);
  }
  SECTION("a malformed list counts as none") {
    list =
        GENERATE(yaml("[{manager: x}]"), yaml("[{manager: x, operation: Steal, apiVersion: v1, fieldsType: FieldsV1}]"),
                 yaml(R"([{manager: x, operation: Update, apiVersion: v1, fieldsType: FieldsV1,
                              fieldsV1: {spec: {}}}])"));
    REQUIRE(cluster.update(api::kDeployments, changed));
    CHECK(cluster.managers().size() == 1);
    CHECK(cluster.managers()[0]["manager"] == "alice");
  }
  SECTION("a manager's name has a form") {
    list[0]["manager"] = std::string(129, 'x');
    const auto refused = cluster.update(api::kDeployments, changed);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Reason::kInvalid);
    CHECK(refused.error().message.find("metadata.managedFields[0].manager: Too long") != std::string::npos);
  }
}

TEST_CASE("an apply creates an object and owns what it says, not the defaults") {
  ManagedCluster cluster;
  const auto applied = cluster.as("alice").apply(kSpec);
  REQUIRE(applied);
  CHECK((*applied)["spec"]["revisionHistoryLimit"] == 10);
  CHECK((*applied)["metadata"]["namespace"] == "default");
  CHECK(cluster.managers() == yaml(R"([{manager: alice, operation: Apply, apiVersion: apps/v1,
    time: "2026-11-22T10:00:00Z",
    fieldsV1: {"f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {
      "f:metadata": {"f:labels": {"f:app": {}}},
      "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}}}}}}])"));

  SECTION("the same again writes nothing") {
    const store::Revision before = cluster.store->revision();
    cluster.clock.advance(std::chrono::hours(1));
    REQUIRE(cluster.apply(kSpec));
    CHECK(cluster.store->revision() == before);
  }
  SECTION("what is left out goes back to its default") {
    std::string less = kSpec;
    less.replace(less.find("  replicas: 3\n"), 14, "");
    CHECK((*cluster.apply(less))["spec"]["replicas"] == 1);
  }
  SECTION("another manager conflicts, or forces") {
    const auto refused = cluster.as("bob").apply("{spec: {replicas: 5}}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Reason::kConflict);
    CHECK(refused.error().message == R"(Apply failed with 1 conflict: conflict with "alice": .spec.replicas)");
    REQUIRE(cluster.apply("{spec: {replicas: 5}}", "", true));
    CHECK(cluster.fields("bob") == yaml(R"({"f:spec": {"f:replicas": {}}})"));
    CHECK_FALSE(cluster.fields("alice")["f:spec"].contains("f:replicas"));
  }
  SECTION("a default that somebody else sets is no conflict") {
    REQUIRE(cluster.as("bob").apply("{spec: {revisionHistoryLimit: 3}}"));
    CHECK((*cluster.get(api::kDeployments, "web"))["spec"]["revisionHistoryLimit"] == 3);
  }
  SECTION("as a dry run it changes nothing") {
    cluster.context.dry_run = true;
    CHECK((*cluster.as("bob").apply("{spec: {replicas: 9}}", "", true))["spec"]["replicas"] == 9);
    CHECK((*cluster.get(api::kDeployments, "web"))["spec"]["replicas"] == 3);
  }
}

TEST_CASE("an apply through status is an entry of its own") {
  ManagedCluster cluster;
  REQUIRE(cluster.as("alice").apply(kSpec));
  REQUIRE(cluster.as("bob").apply("{status: {observedGeneration: 1}, spec: {replicas: 9}}", "status"));
  CHECK(cluster.fields("bob", "status") == yaml(R"({"f:status": {"f:observedGeneration": {}}})"));
  CHECK((*cluster.get(api::kDeployments, "web"))["spec"]["replicas"] == 3);
  CHECK((*cluster.get(api::kDeployments, "web"))["status"]["observedGeneration"] == 1);
}

TEST_CASE("scale moves the parent's replicas between managers") {
  ManagedCluster cluster;
  REQUIRE(cluster.as("alice").apply(kSpec));

  SECTION("by a patch") {
    REQUIRE(cluster.as("kubectl").patch(api::kDeployments, "web", PatchType::kMerge, yaml("{spec: {replicas: 5}}"),
                                        "scale"));
    CHECK(cluster.manager("kubectl", "scale") ==
          yaml(R"({manager: kubectl, operation: Update, apiVersion: apps/v1, subresource: scale,
                   fieldsV1: {"f:spec": {"f:replicas": {}}}})"));
    CHECK_FALSE(cluster.fields("alice")["f:spec"].contains("f:replicas"));
    const auto refused = cluster.as("alice").apply(kSpec);
    CHECK(
        message_of(refused) ==
        R"(Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas)");
  }
  SECTION("to the same number nobody loses anything") {
    const Json before = cluster.managers();
    REQUIRE(cluster.as("kubectl").patch(api::kDeployments, "web", PatchType::kMerge, yaml("{spec: {replicas: 3}}"),
                                        "scale"));
    CHECK(cluster.managers() == before);
  }
  SECTION("by an apply") {
    const auto refused = cluster.as("bob").apply("{spec: {replicas: 5}}", "scale");
    CHECK(message_of(refused) == R"(Apply failed with 1 conflict: conflict with "alice": .spec.replicas)");
    REQUIRE(cluster.apply("{spec: {replicas: 5}}", "scale", true));
    CHECK((*cluster.get(api::kDeployments, "web"))["spec"]["replicas"] == 5);
    CHECK(cluster.manager("bob", "scale") ==
          yaml(R"({manager: bob, operation: Apply, apiVersion: apps/v1, subresource: scale,
                   fieldsV1: {"f:spec": {"f:replicas": {}}}})"));
  }
}

TEST_CASE("what is no configuration for the object is refused in upstream's words") {
  struct Row {
    const char* configuration;
    int code;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"{}", 400, "invalid object type: /, Kind="},
      {"{apiVersion: v1, kind: Pod}", 400, "invalid object type: /v1, Kind=Pod"},
      {"{apiVersion: apps/v1beta2, kind: Deployment}", 400, "invalid object type: apps/v1beta2, Kind=Deployment"},
      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, managedFields: []}}", 400,
       "metadata.managedFields must be nil"},
      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: other}}", 400,
       "the name of the object (other) does not match the name on the URL (web)"},
      {"{apiVersion: apps/v1, kind: Deployment}", 400,
       "the name of the object (web based on URL) was undeterminable: name must be provided"},
      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: other}}", 400,
       "the namespace of the provided object does not match the namespace sent on the request"},
      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, uid: u}}", 409,
       "Operation cannot be fulfilled on deployments.apps \"web\": uid mismatch: the provided object specified uid u, "
       "and no existing object was found"},
      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicaz: 1}}", 500,
       "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replicaz: field not declared in "
       "schema"},
  }));
  INFO(row.configuration);
  ManagedCluster cluster;
  const auto refused = cluster.as("alice").apply_document(yaml(row.configuration));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == row.message);
  CHECK(refused.error().code() == row.code);
}

TEST_CASE("an apply to a subresource makes no object") {
  ManagedCluster cluster;
  const auto refused = cluster.as("alice").apply("{status: {replicas: 1}}", "status");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kNotFound);
}

TEST_CASE("repeated members of a configuration are reported") {
  ManagedCluster cluster;
  cluster.params.duplicate_fields = {"spec.replicas"};
  REQUIRE(cluster.as("alice").apply(kSpec));
  CHECK(cluster.context.warnings == std::vector<std::string>{R"(duplicate field "spec.replicas")"});
  cluster.params.field_validation = server::FieldValidation::kStrict;
  CHECK(message_of(cluster.apply(kSpec)) == R"(error strict decoding YAML: duplicate field "spec.replicas")");
}

TEST_CASE("kubectl takes over from its client-side apply") {
  ManagedCluster cluster;
  Json object = deployment("web");
  object["spec"]["replicas"] = 3;
  object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3}})";
  REQUIRE(cluster.as("kubectl-client-side-apply").create(api::kDeployments, object));

  SECTION("what it applied before, it may change") {
    const auto applied = cluster.as("kubectl").apply("{spec: {replicas: 4}}");
    REQUIRE(applied);
    CHECK((*applied)["spec"]["replicas"] == 4);
    CHECK((*applied)["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] ==
          "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},"
          "\"spec\":{\"replicas\":4}}\n");
  }
  SECTION("what changed since, it may not") {
    REQUIRE(cluster.as("hpa").patch(api::kDeployments, "web", PatchType::kMerge, yaml("{spec: {replicas: 9}}")));
    CHECK(message_of(cluster.as("kubectl").apply("{spec: {replicas: 4}}")) ==
          R"(Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas)");
  }
  SECTION("others may not") {
    CHECK(message_of(cluster.as("flux").apply("{spec: {replicas: 4}}")) ==
          "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas");
  }
}

TEST_CASE("an event is managed in the version that it is written in") {
  Cluster cluster;
  cluster.context.field_manager = "reporter";
  const server::ServedKind newer = cluster.kinds.find("events.k8s.io", "v1", "events");
  Json event{{"metadata", {{"name", "e.1"}}},
             {"regarding", {{"kind", "Pod"}, {"namespace", "default"}, {"name", "web"}}},
             {"note", "first"},
             {"reason", "Started"},
             {"type", "Normal"}};
  REQUIRE(run(cluster.io, cluster.registry.create(cluster.context, newer, "default", event, {})));
  auto stored = *cluster.get(api::kEvents, "e.1");
  const Json entry = stored["metadata"]["managedFields"][0];
  CHECK(entry["apiVersion"] == "events.k8s.io/v1");
  CHECK(entry["fieldsV1"].contains("f:note"));
  CHECK_FALSE(entry["fieldsV1"].contains("f:message"));

  // A change of the old name in the old version takes the new name from its manager.
  cluster.context.field_manager = "other";
  REQUIRE(cluster.patch(api::kEvents, "e.1", PatchType::kMerge, {{"message", "second"}}));
  stored = *cluster.get(api::kEvents, "e.1");
  for (const Json& each : stored["metadata"]["managedFields"]) {
    const bool is_reporter = each["manager"] == "reporter";
    CHECK(each["fieldsV1"].contains("f:note") == false);
    CHECK(each["fieldsV1"].contains("f:message") == !is_reporter);
  }
}

TEST_CASE("bindings belong to nobody") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kPods, pod("web")));
  const Json before = (*cluster.get(api::kPods, "web"))["metadata"]["managedFields"];
  REQUIRE(
      run(cluster.io, cluster.registry.bind(cluster.context, {"default", "web"}, {{"target", {{"name", "node-1"}}}})));
  CHECK((*cluster.get(api::kPods, "web"))["metadata"]["managedFields"] == before);
}

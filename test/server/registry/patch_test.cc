#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::PatchType;
using api::Reason;

TEST_CASE("the three kinds of patches change an object") {
  Cluster cluster;
  Json sent = deployment("web");
  sent["spec"]["template"]["spec"]["containers"].push_back({{"name", "proxy"}, {"image", "envoy:1"}});
  REQUIRE(cluster.create(api::kDeployments, sent));
  auto images = [](const Json& object) {
    std::string text;
    for (const Json& container : object["spec"]["template"]["spec"]["containers"]) {
      text += container["name"].get<std::string>() + "=" + container["image"].get<std::string>() + " ";
    }
    return text;
  };

  SECTION("JSON patch") {
    const auto patched = cluster.patch(
        api::kDeployments, "web", PatchType::kJson,
        Json::array({{{"op", "replace"}, {"path", "/spec/template/spec/containers/1/image"}, {"value", "envoy:2"}}}));
    REQUIRE(patched);
    CHECK(images(*patched) == "web=nginx proxy=envoy:2 ");
    CHECK((*patched)["metadata"]["generation"] == 2);
  }
  SECTION("JSON patch with a failing test") {
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kJson,
                                       Json::array({{{"op", "test"}, {"path", "/spec/replicas"}, {"value", 99}}}));
    REQUIRE_FALSE(patched);
    CHECK(patched.error().code() == 422);
  }
  SECTION("merge patch replaces lists and removes with null") {
    const Json containers = Json::array({{{"name", "web"}, {"image", "nginx:2"}}});
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kMerge,
                                       {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
    REQUIRE(patched);
    CHECK(images(*patched) == "web=nginx:2 ");
  }
  SECTION("strategic merge patch merges lists by their key") {
    const Json containers = Json::array({{{"name", "proxy"}, {"image", "envoy:3"}}});
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kStrategicMerge,
                                       {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
    REQUIRE(patched);
    const std::string result = images(*patched);
    CHECK(result.find("web=nginx ") != std::string::npos);
    CHECK(result.find("proxy=envoy:3 ") != std::string::npos);
  }
  SECTION("a patch that changes nothing writes nothing") {
    const store::Revision before = cluster.store->revision();
    REQUIRE(cluster.patch(api::kDeployments, "web", PatchType::kMerge, {{"spec", {{"replicas", 1}}}}));
    CHECK(cluster.store->revision() == before);
  }
  SECTION("a patch with an old resourceVersion is a conflict") {
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kMerge,
                                       {{"metadata", {{"resourceVersion", "1"}}}, {"spec", {{"replicas", 2}}}});
    REQUIRE_FALSE(patched);
    CHECK(patched.error().reason == Reason::kConflict);
  }
  SECTION("a patch that leaves no valid document is invalid, not a bad request") {
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kMerge, {{"spec", {{"replicas", "many"}}}});
    REQUIRE_FALSE(patched);
    CHECK(patched.error().reason == Reason::kInvalid);
    CHECK(patched.error().message.starts_with(R"( "" is invalid: patch: Invalid value: )"));
  }
  SECTION("after a strategic merge, it is the patch that is shown") {
    const auto patched =
        cluster.patch(api::kDeployments, "web", PatchType::kStrategicMerge, {{"spec", {{"replicas", "many"}}}});
    REQUIRE_FALSE(patched);
    CHECK(patched.error().code() == 422);
    CHECK(patched.error().message ==
          R"( "" is invalid: patch: Invalid value: "map[spec:map[replicas:many]]": unrecognized type: int32)");
  }
  SECTION("a strategic merge cannot make an object another kind") {
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kStrategicMerge,
                                       {{"kind", "Pod"}, {"spec", {{"replicas", 3}}}});
    REQUIRE(patched);
    CHECK((*patched)["kind"] == "Deployment");
    CHECK((*patched)["spec"]["replicas"] == 3);
  }
  SECTION("what an operation should not have is told of") {
    const Json patch = Json::array({{{"op", "add"}, {"path", "/spec/paused"}, {"val", true}}});
    REQUIRE(cluster.patch(api::kDeployments, "web", PatchType::kJson, patch));
    CHECK(cluster.context.warnings == std::vector<std::string>{R"(json patch unknown field "[0].val")"});
    cluster.params.field_validation = server::FieldValidation::kStrict;
    const auto patched = cluster.patch(api::kDeployments, "web", PatchType::kJson, patch);
    REQUIRE_FALSE(patched);
    CHECK(patched.error().code() == 422);
    CHECK(patched.error().message.ends_with(R"(: strict decoding error: json patch unknown field "[0].val")"));
  }
  SECTION("status is patched through its subresource only") {
    const Json status{{"status", {{"readyReplicas", 1}}}};
    CHECK((*cluster.patch(api::kDeployments, "web", PatchType::kMerge, status))["status"] == Json::object());
    CHECK((*cluster.patch(api::kDeployments, "web", PatchType::kMerge, status, "status"))["status"]["readyReplicas"] ==
          1);
  }
}

TEST_CASE("a patch speaks the version that it is sent to") {
  Cluster cluster;
  Json event{{"metadata", {{"name", "e.1"}}},
             {"involvedObject", {{"kind", "Pod"}, {"namespace", "default"}, {"name", "web"}}},
             {"message", "first"},
             {"reason", "Started"},
             {"type", "Normal"}};
  REQUIRE(cluster.create(api::kEvents, event));
  const server::ServedKind newer = cluster.kinds.find("events.k8s.io", "v1", "events");
  const api::NamespacedName name{"default", "e.1"};
  auto patched = run(cluster.io, cluster.registry.patch(cluster.context, newer, name, "", PatchType::kMerge,
                                                        {{"note", "second"}}, {}));
  REQUIRE(patched);
  CHECK(Json::parse(patched->record->value)["message"] == "second");
  const Json shown = Json::parse(*cluster.registry.encode(newer, patched->record));
  CHECK(shown["apiVersion"] == "events.k8s.io/v1");
  CHECK(shown["note"] == "second");
  CHECK(shown["regarding"]["name"] == "web");
  CHECK_FALSE(shown.contains("message"));
  CHECK_FALSE(shown.contains("involvedObject"));
}

TEST_CASE("the article's Deployment is stored as apps/v1 and shown in both versions") {
  Cluster cluster;
  const server::ServedKind old = cluster.kinds.find("apps", "v1beta2", "deployments");
  REQUIRE(old);
  CHECK(old.version->deprecation_warning ==
        "apps/v1beta2 Deployment is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 Deployment");
  Json sent = deployment("nginx-deployment");
  sent["apiVersion"] = "apps/v1beta2";
  sent["kind"] = "Deployment";
  auto created = run(cluster.io, cluster.registry.create(cluster.context, old, "default", sent, {}));
  REQUIRE(created);
  CHECK((*cluster.get(api::kDeployments, "nginx-deployment"))["apiVersion"] == "apps/v1");
  CHECK(Json::parse(*cluster.registry.encode(old, *created))["apiVersion"] == "apps/v1beta2");
  const Json rolling = (*cluster.get(api::kDeployments, "nginx-deployment"))["spec"]["strategy"];
  CHECK(rolling ==
        Json{{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", "25%"}, {"maxUnavailable", "25%"}}}});
}

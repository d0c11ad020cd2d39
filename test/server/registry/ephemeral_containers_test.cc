// pods/ephemeralcontainers: how `kubectl debug` adds a container to a pod that runs.
#include "test/server/registry/findings.h"

using namespace skiff;
using namespace skiff::server;

namespace {

const std::string kSubresource = "ephemeralcontainers";

Json make_pod() {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", "web"}, {"namespace", "default"}}},
          {"spec",
           {{"containers", {{{"name", "main"}, {"image", "a:1"}}}},
            {"volumes", {{{"name", "tmp"}, {"emptyDir", Json::object()}}}}}}};
}

Json with(const Json& container) { return {{"spec", {{"ephemeralContainers", {container}}}}}; }

}  // namespace

TEST_CASE("containers for debugging are added through a subresource alone") {
  test::Cluster cluster;
  REQUIRE(cluster.create(api::kPods, make_pod()));
  Json patch = with({{"name", "look"}, {"image", "b"}});
  patch["spec"]["activeDeadlineSeconds"] = 7;
  patch["metadata"]["labels"]["a"] = "b";
  const auto patched = cluster.patch(api::kPods, "web", api::PatchType::kStrategicMerge, patch, kSubresource);
  REQUIRE(patched);
  const Json container = (*patched)["spec"]["ephemeralContainers"][0];
  CHECK(container["imagePullPolicy"] == "Always");
  CHECK(container["terminationMessagePath"] == "/dev/termination-log");
  CHECK_FALSE((*patched)["spec"].contains("activeDeadlineSeconds"));
  CHECK_FALSE((*patched)["metadata"].contains("labels"));

  const auto elsewhere =
      cluster.patch(api::kPods, "web", api::PatchType::kStrategicMerge, with({{"name", "more"}, {"image", "b"}}));
  CHECK(test::findings(elsewhere).starts_with("spec: Forbidden: pod updates may not change fields other than"));
}

TEST_CASE("what containers for debugging may not be") {
  test::Cluster cluster;
  REQUIRE(cluster.create(api::kPods, make_pod()));
  const Json present = {{"name", "look"}, {"image", "b:1"}};
  REQUIRE(cluster.patch(api::kPods, "web", api::PatchType::kMerge, with(present), kSubresource));

  struct Row {
    const char* name;
    const char* containers;
    const char* expected;
  };
  const Row rows[] = {
      {"one more",
       R"([{"name": "look", "image": "b:1"}, {"name": "more", "image": "b:1", "targetContainerName": "main"}])", ""},
      {"removed", "[]",
       "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"look\" may not be removed\n"},
      {"changed", R"([{"name": "look", "image": "b:2"}])",
       "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"look\" may not be changed\n"},
      {"a name that is taken", R"([{"name": "look", "image": "b:1"}, {"name": "main", "image": "b:1"}])",
       "spec.ephemeralContainers[1].name: Duplicate value: \"main\""},
      {"a target that is missing",
       R"([{"name": "look", "image": "b:1"}, {"name": "more", "image": "b:1", "targetContainerName": "none"}])",
       "spec.ephemeralContainers[1].targetContainerName: Not found: \"none\""},
      {"a probe",
       R"([{"name": "look", "image": "b:1"}, {"name": "more", "image": "b:1", "livenessProbe": {"tcpSocket": {"port": 1}}}])",
       "spec.ephemeralContainers[1].livenessProbe: Forbidden: cannot be set for an Ephemeral Container"},
      {"a part of a volume",
       R"([{"name": "look", "image": "b:1"},
           {"name": "more", "image": "b:1", "volumeMounts": [{"name": "tmp", "mountPath": "/t", "subPath": "x"}]}])",
       "spec.ephemeralContainers[1].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Json patch = {{"spec", {{"ephemeralContainers", Json::parse(row.containers)}}}};
    cluster.context.dry_run = true;
    CHECK(test::findings(cluster.patch(api::kPods, "web", api::PatchType::kMerge, patch, kSubresource)) ==
          row.expected);
  }
}

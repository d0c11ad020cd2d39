// What admission lets nodes and others create of mirror pods.
#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

struct NodeCluster : Cluster {
  std::string node_uid;

  NodeCluster() { node_uid = api::uid_of(*create(api::kNodes, Json{{"metadata", {{"name", "n1"}}}})); }

  void ask_as_node() { context.user = api::User{"system:node:n1", {"system:nodes", "system:authenticated"}, ""}; }

  [[nodiscard]] Json mirror() const {
    Json made = pod("web-n1");
    made["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "abc"}};
    made["metadata"]["ownerReferences"] = Json::array(
        {{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", "n1"}, {"uid", node_uid}, {"controller", true}}});
    made["spec"]["nodeName"] = "n1";
    return made;
  }
  // The refusal of a mirror to which `change` was done.
  std::string refusal(const std::function<void(Json& mirror)>& change) {
    Json changed = mirror();
    change(changed);
    return message_of(create(api::kPods, std::move(changed)));
  }
};

const std::string kForbidden = R"(pods "web-n1" is forbidden: )";

}  // namespace

TEST_CASE("a mirror pod stays as its node made it") {
  NodeCluster cluster;
  cluster.ask_as_node();
  const auto created = cluster.create(api::kPods, cluster.mirror());
  REQUIRE(message_of(created) == "no error");
  CHECK_FALSE((*created)["spec"].contains("serviceAccountName"));
  CHECK_FALSE((*created)["spec"].contains("volumes"));
  CHECK_FALSE((*created)["spec"]["containers"][0].contains("volumeMounts"));
}

TEST_CASE("a mirror pod refers to no account and no secrets, whoever makes it") {
  NodeCluster cluster;
  CHECK(cluster.refusal([](Json& mirror) { mirror["spec"]["serviceAccountName"] = "default"; }) ==
        kForbidden + "a mirror pod may not reference service accounts");
  CHECK(cluster.refusal([](Json& mirror) {
    mirror["spec"]["imagePullSecrets"] = Json::array({{{"name", "s"}}});
  }) == kForbidden + "a mirror pod may not reference secrets");
  CHECK(cluster.refusal([](Json& mirror) {
    mirror["spec"]["volumes"] =
        Json::parse(R"([{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}])");
  }) == kForbidden + "a mirror pod may not use ServiceAccountToken volume projections");
}

TEST_CASE("a node creates mirrors of its own pods only") {
  NodeCluster cluster;
  cluster.ask_as_node();
  CHECK(cluster.refusal([](Json& mirror) { mirror["metadata"].erase("annotations"); }) ==
        kForbidden +
            R"(pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods)");
  CHECK(cluster.refusal([](Json& mirror) { mirror["spec"]["nodeName"] = "n2"; }) ==
        kForbidden + R"(node "n1" can only create pods with spec.nodeName set to itself)");
  CHECK(cluster.refusal([](Json& mirror) { mirror["metadata"].erase("ownerReferences"); }) ==
        kForbidden + R"(node "n1" can only create pods with an owner reference set to itself)");
  CHECK(cluster.refusal([](Json& mirror) { mirror["metadata"]["ownerReferences"][0].erase("controller"); }) ==
        kForbidden + R"(node "n1" can only create pods with a controller owner reference set to itself)");
  CHECK(cluster.refusal([](Json& mirror) { mirror["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = true; }) ==
        kForbidden + R"(node "n1" must not set blockOwnerDeletion on an owner reference)");
  CHECK(cluster.refusal([](Json& mirror) { mirror["metadata"]["ownerReferences"][0]["uid"] = "old"; }) ==
        kForbidden + "node n1 UID mismatch: expected " + cluster.node_uid + " got old");
  CHECK(cluster.refusal([](Json& mirror) {
    mirror["spec"]["volumes"] = Json::parse(R"([{"name":"c","configMap":{"name":"c"}}])");
  }) == kForbidden + R"(node "n1" can not create pods that reference configmaps)");
  CHECK(cluster.refusal([](Json& mirror) {
    mirror["spec"]["volumes"] = Json::parse(R"([{"name":"c","persistentVolumeClaim":{"claimName":"c"}}])");
  }) == kForbidden + R"(node "n1" can not create pods that reference persistentvolumeclaims)");
}

#include "server/controllers/namespace/namespace_controller.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

const std::vector<api::ResourceType> kEmptiedTypes = {api::kPods, api::kConfigMaps, api::kEvents};
const std::vector<api::ResourceType> kFollowed = {api::kPods, api::kConfigMaps};

struct NamespaceCluster : Cluster {
  NamespaceController controller{context(), kEmptiedTypes, kFollowed};

  NamespaceCluster() {
    client.put(api::kNamespaces, {{"metadata", {{"name", "work"}}}, {"spec", {{"finalizers", {"kubernetes"}}}}});
    start(controller);
  }
  ~NamespaceCluster() { stop(controller); }
  void make(const api::ResourceType& type, const std::string& namespace_, const std::string& name) {
    client.put(type, {{"metadata", {{"namespace", namespace_}, {"name", name}}}});
  }
  void remove_namespace() {
    const api::NamespacedName name{"", "work"};
    const api::DeleteOptions options;
    REQUIRE(test::run(io, client.remove(api::kNamespaces, name, options)));
  }
  api::ObjectPtr work() { return client.peek(api::kNamespaces, {"", "work"}); }
};

}  // namespace

TEST_CASE("NamespaceController empties a namespace and lets it go") {
  NamespaceCluster cluster;
  for (int i = 0; i < 150; ++i) cluster.make(api::kConfigMaps, "work", "c" + std::to_string(i));
  cluster.make(api::kPods, "work", "p");
  cluster.make(api::kEvents, "work", "e");
  cluster.make(api::kPods, "default", "other");
  cluster.settle();
  CHECK(cluster.client.count_requests("delete") == 0);
  cluster.remove_namespace();
  cluster.until([&] { return cluster.work() == nullptr; });
  CHECK(cluster.client.peek_all(api::kConfigMaps).empty());
  CHECK(cluster.client.peek_all(api::kEvents).empty());
  CHECK(cluster.client.peek_all(api::kPods).size() == 1);
}

TEST_CASE("NamespaceController waits for what stays, and says so") {
  NamespaceCluster cluster;
  cluster.make(api::kPods, "work", "p");
  cluster.client.modify(api::kPods, {"work", "p"}, [](Json& pod) { pod["metadata"]["finalizers"] = {"test/slow"}; });
  cluster.remove_namespace();
  cluster.until([&] { return api::is_condition_true(*cluster.work(), "NamespaceContentRemaining"); });
  CHECK(string_at(*api::find_condition(*cluster.work(), "NamespaceContentRemaining"), {"message"}) ==
        "Some resources are remaining: pods. has 1 resource instances");
  CHECK(string_at(*api::find_condition(*cluster.work(), "NamespaceFinalizersRemaining"), {"message"}) ==
        "Some content in the namespace has finalizers remaining: test/slow in 1 resource instances");
  cluster.settle();
  cluster.client.erase(api::kPods, {"work", "p"});
  cluster.until([&] { return cluster.work() == nullptr; });
}

TEST_CASE("NamespaceController says what it cannot delete, and tries again") {
  NamespaceCluster cluster;
  cluster.make(api::kConfigMaps, "work", "c");
  cluster.client.fail("delete configmaps", api::forbidden("", "configmaps", "c", "not you"));
  cluster.remove_namespace();
  cluster.until([&] { return api::is_condition_true(*cluster.work(), "NamespaceDeletionContentFailure"); });
  CHECK(string_at(*api::find_condition(*cluster.work(), "NamespaceDeletionContentFailure"), {"message"}) ==
        "Failed to delete all resource types, 1 remaining: configmaps \"c\" is forbidden: not you");
  cluster.until([&] { return cluster.work() == nullptr; });
}

TEST_CASE("NamespaceController leaves other finalizers to their owners") {
  NamespaceCluster cluster;
  const Json others = Json::array({"example.com/mine"});
  cluster.client.modify(api::kNamespaces, {"", "work"}, [](Json& work) {
    work["spec"]["finalizers"] = Json::array({"kubernetes", "example.com/mine"});
  });
  cluster.remove_namespace();
  cluster.until([&] { return cluster.work()->at("spec").at("finalizers") == others; });
}

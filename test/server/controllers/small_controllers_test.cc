#include "server/controllers/controller_manager.h"
#include "server/controllers/pod_garbage_collector.h"
#include "server/controllers/root_ca_publisher.h"
#include "server/controllers/service_account_controller.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

void make_namespace(Cluster& cluster, const std::string& name) {
  cluster.client.put(api::kNamespaces, {{"metadata", {{"name", name}}}});
}

}  // namespace

TEST_CASE("ServiceAccountController keeps the default account") {
  Cluster cluster;
  make_namespace(cluster, "old");
  ServiceAccountController controller(cluster.context());
  cluster.start(controller);
  make_namespace(cluster, "new");
  const auto has_account = [&](const std::string& namespace_) {
    return cluster.client.peek(api::kServiceAccounts, {namespace_, "default"}) != nullptr;
  };
  cluster.until([&] { return has_account("old") && has_account("new"); });

  cluster.settle();
  cluster.client.erase(api::kServiceAccounts, {"old", "default"});
  cluster.until([&] { return has_account("old"); });

  cluster.settle();
  cluster.client.modify(api::kNamespaces, {"", "new"}, [&](Json& object) {
    object["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now());
  });
  cluster.settle();
  cluster.client.erase(api::kServiceAccounts, {"new", "default"});
  cluster.settle();
  CHECK(!has_account("new"));
  cluster.stop(controller);
}

TEST_CASE("ServiceAccountController tries again what was refused for a while") {
  Cluster cluster;
  ServiceAccountController controller(cluster.context());
  cluster.start(controller);
  cluster.client.fail("create serviceaccounts", api::forbidden("", "serviceaccounts", "default", "exceeded quota"));
  make_namespace(cluster, "work");
  cluster.until([&] { return cluster.client.peek(api::kServiceAccounts, {"work", "default"}) != nullptr; });

  SECTION("but not in a namespace that is on its way out") {
    api::Status terminating = api::forbidden("", "serviceaccounts", "default", "because it is being terminated");
    terminating.causes.push_back(api::StatusCause{"NamespaceTerminating", "", ""});
    cluster.client.fail("create serviceaccounts", terminating);
    cluster.client.erase(api::kServiceAccounts, {"work", "default"});
    cluster.settle();
    CHECK(cluster.client.peek(api::kServiceAccounts, {"work", "default"}) == nullptr);
  }
  cluster.stop(controller);
}

TEST_CASE("RootCaPublisher keeps the certificate in every namespace") {
  Cluster cluster;
  make_namespace(cluster, "work");
  RootCaPublisher controller(cluster.context(), "PEM");
  cluster.start(controller);
  const api::NamespacedName name{"work", "kube-root-ca.crt"};
  const auto published = [&] {
    const auto object = cluster.client.peek(api::kConfigMaps, name);
    return object ? string_at(*object, {"data", "ca.crt"}) : "";
  };
  cluster.until([&] { return published() == "PEM"; });
  cluster.settle();
  cluster.client.modify(api::kConfigMaps, name, [](Json& object) { object["data"] = {{"ca.crt", "forged"}}; });
  cluster.until([&] { return published() == "PEM"; });
  cluster.settle();
  cluster.client.modify(api::kConfigMaps, name, [](Json& object) { object["metadata"].erase("annotations"); });
  cluster.until([&] { return !api::annotations_of(*cluster.client.peek(api::kConfigMaps, name)).empty(); });
  cluster.settle();
  cluster.client.erase(api::kConfigMaps, name);
  cluster.until([&] { return published() == "PEM"; });
  cluster.stop(controller);
}

TEST_CASE("PodGarbageCollector") {
  Cluster cluster;
  const auto add_pod = [&](const std::string& name, const Json& spec) {
    cluster.client.put(
        api::kPods,
        {{"metadata", {{"namespace", "default"}, {"name", name}}}, {"spec", spec}, {"status", {{"phase", "Running"}}}});
  };
  const auto exists = [&](const std::string& name) {
    return cluster.client.peek(api::kPods, {"default", name}) != nullptr;
  };
  cluster.client.put(api::kNodes, {{"metadata", {{"name", "n1"}}}});
  PodGarbageCollector controller(cluster.context(), std::chrono::milliseconds(1));
  cluster.start(controller);
  add_pod("on-n1", {{"nodeName", "n1"}});
  add_pod("on-n2", {{"nodeName", "n2"}});
  add_pod("waiting", Json::object());
  cluster.until([&] { return !exists("on-n2"); });
  cluster.settle();
  CHECK(exists("on-n1"));
  CHECK(exists("waiting"));
  CHECK(cluster.client.count_requests("update pods/status default/on-n2") == 1);

  SECTION("a node that goes takes its pods with it") {
    cluster.client.erase(api::kNodes, {"", "n1"});
    cluster.until([&] { return !exists("on-n1"); });
  }
  SECTION("a pod that is deleted without ever having had a node") {
    cluster.client.modify(api::kPods, {"default", "waiting"},
                          [&](Json& pod) { pod["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now()); });
    cluster.until([&] { return !exists("waiting"); });
    CHECK(cluster.client.count_requests("update pods/status default/waiting") == 1);
  }
  cluster.stop(controller);
}

TEST_CASE("ControllerManager runs all controllers together") {
  Cluster cluster;
  ManagerOptions options;
  options.types = {api::kNamespaces, api::kNodes,       api::kPods,        api::kConfigMaps, api::kSecrets,
                   api::kEvents,     api::kDeployments, api::kReplicaSets, api::kLeases,     api::kServiceAccounts};
  options.ca_pem = "PEM";
  ControllerManager manager(cluster.context(), std::move(options));
  REQUIRE(test::run(cluster.io, manager.start()));
  make_namespace(cluster, "default");
  const Json labels = {{"app", "web"}};
  cluster.client.put(
      api::kDeployments,
      {{"metadata", {{"namespace", "default"}, {"name", "web"}}},
       {"spec",
        {{"replicas", 3},
         {"selector", {{"matchLabels", labels}}},
         {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array()}}}}}}}});
  cluster.until([&] { return cluster.pods().size() == 3; });
  cluster.until([&] { return cluster.client.peek(api::kServiceAccounts, {"default", "default"}) != nullptr; });
  cluster.settle();

  const api::NamespacedName web{"default", "web"};
  const api::DeleteOptions background;
  REQUIRE(test::run(cluster.io, cluster.client.remove(api::kDeployments, web, background)));
  cluster.until([&] { return cluster.pods().empty(); });
  CHECK(cluster.client.peek_all(api::kReplicaSets).empty());
  test::run(cluster.io, manager.stop());
}

TEST_CASE("ControllerManager can be stopped while it waits for the cluster") {
  Cluster cluster;
  cluster.client.fail("list pods", api::unavailable("not yet"), 1000);
  ManagerOptions options;
  options.types = {api::kNamespaces, api::kPods};
  ControllerManager manager(cluster.context(), std::move(options));
  std::optional<bool> started;
  asio::co_spawn(cluster.io, manager.start(), [&](std::exception_ptr, bool result) { started = result; });
  cluster.until([&] { return cluster.client.count_requests("list pods") > 0; });
  CHECK_FALSE(started);
  test::run(cluster.io, manager.stop());
  cluster.until([&] { return started.has_value(); });
  CHECK_FALSE(*started);
}

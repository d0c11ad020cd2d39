#include "server/controllers/resource_quota_controller.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

const std::vector<api::ResourceType> kCountedTypes = {api::kPods, api::kConfigMaps, api::kDeployments};

void put_quota(Cluster& cluster, const char* spec) {
  cluster.client.put(api::kResourceQuotas,
                     {{"metadata", {{"name", "all"}, {"namespace", "work"}}}, {"spec", Json::parse(spec)}});
}

void put(Cluster& cluster, const api::ResourceType& type, const std::string& name, const std::string& namespace_,
         const char* rest = "{}") {
  Json object = Json::parse(rest);
  object["metadata"] = {{"name", name}, {"namespace", namespace_}};
  cluster.client.put(type, std::move(object));
}

Json status(Cluster& cluster) {
  return cluster.client.peek(api::kResourceQuotas, {"work", "all"})->value("status", Json());
}

}  // namespace

TEST_CASE("ResourceQuotaController counts what is there") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes);
  put(cluster, api::kPods, "a", "work",
      R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"500m"}}}]},"status":{"phase":"Running"}})");
  put(cluster, api::kPods, "b", "work",
      R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":{"phase":"Failed"}})");
  put(cluster, api::kPods, "c", "elsewhere", R"({"spec":{"containers":[{}]}})");
  put(cluster, api::kDeployments, "web", "work");
  put_quota(cluster, R"({"hard":{"pods":"9","requests.cpu":"2","count/deployments.apps":"3","secrets":"4"}})");
  cluster.start(controller);
  cluster.until([&] { return !status(cluster).is_null(); });
  CHECK(status(cluster) ==
        Json::parse(R"({"hard":{"pods":"9","requests.cpu":"2","count/deployments.apps":"3","secrets":"4"},
                        "used":{"pods":"1","requests.cpu":"500m","count/deployments.apps":"1","secrets":"0"}})"));
  CHECK(cluster.client.count_requests("list configmaps") == 0);
  cluster.stop(controller);
}

TEST_CASE("ResourceQuotaController follows changes of the limits, not of the use") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes);
  put_quota(cluster, R"({"hard":{"pods":"9"}})");
  cluster.start(controller);
  cluster.until([&] { return status(cluster)["hard"] == Json({{"pods", "9"}}); });
  cluster.settle();

  const std::size_t lists = cluster.client.count_requests("list pods");
  cluster.client.modify(api::kResourceQuotas, {"work", "all"},
                        [](Json& quota) { quota["status"]["used"]["pods"] = "1"; });
  cluster.settle();
  CHECK(cluster.client.count_requests("list pods") == lists);

  put(cluster, api::kConfigMaps, "x", "work");
  cluster.client.modify(api::kResourceQuotas, {"work", "all"}, [](Json& quota) {
    quota["spec"]["hard"] = {{"configmaps", "5"}};
  });
  cluster.until(
      [&] { return status(cluster) == Json::parse(R"({"hard":{"configmaps":"5"},"used":{"configmaps":"1"}})"); });
  cluster.stop(controller);
}

TEST_CASE("ResourceQuotaController counts again when a pod ends after its grace period") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes);
  for (const char* name : {"late", "in-time"})
    put(cluster, api::kPods, name, "work", R"({"spec":{"containers":[{}]}})");
  put_quota(cluster, R"({"hard":{"pods":"9"}})");
  cluster.start(controller);
  cluster.until([&] { return status(cluster)["used"] == Json({{"pods", "2"}}); });
  cluster.settle();
  const std::size_t lists = cluster.client.count_requests("list pods");
  const auto delete_softly = [&](const char* name) {
    cluster.client.modify(api::kPods, {"work", name}, [&](Json& pod) {
      pod["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now() + std::chrono::seconds(1));
      pod["metadata"]["deletionGracePeriodSeconds"] = 1;
    });
    cluster.settle();
  };
  delete_softly("in-time");
  cluster.client.erase(api::kPods, {"work", "in-time"});
  cluster.settle();
  CHECK(cluster.client.count_requests("list pods") == lists);

  delete_softly("late");
  cluster.clock.advance(std::chrono::seconds(3));
  SECTION("and goes") { cluster.client.erase(api::kPods, {"work", "late"}); }
  SECTION("and says so") {
    cluster.client.modify(api::kPods, {"work", "late"}, [](Json& pod) { pod["status"]["phase"] = "Failed"; });
  }
  cluster.until([&] { return cluster.client.count_requests("list pods") > lists; });
  cluster.until([&] { return status(cluster)["used"]["pods"] == "0"; });
  cluster.stop(controller);
}

TEST_CASE("ResourceQuotaController counts again from time to time") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes, std::chrono::milliseconds(1));
  put_quota(cluster, R"({"hard":{"configmaps":"9"}})");
  cluster.start(controller);
  cluster.until([&] { return status(cluster)["used"] == Json({{"configmaps", "0"}}); });
  put(cluster, api::kConfigMaps, "x", "work");
  cluster.until([&] { return status(cluster)["used"] == Json({{"configmaps", "1"}}); });
  cluster.stop(controller);
}

TEST_CASE("ResourceQuotaController begins again when admission was faster") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes);
  cluster.client.fail("update resourcequotas/status", api::object_modified("", "resourcequotas", "all"));
  put_quota(cluster, R"({"hard":{"pods":"9"}})");
  cluster.start(controller);
  cluster.until([&] { return status(cluster)["used"] == Json({{"pods", "0"}}); });
  cluster.stop(controller);
}

TEST_CASE("ResourceQuotaController leaves a quota without limits alone") {
  Cluster cluster;
  ResourceQuotaController controller(cluster.context(), kCountedTypes);
  put_quota(cluster, "{}");
  cluster.start(controller);
  cluster.settle();
  CHECK(cluster.client.count_requests("update resourcequotas") <= 1);
  cluster.stop(controller);
}

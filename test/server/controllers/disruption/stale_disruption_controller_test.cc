#include "server/controllers/disruption/stale_disruption_controller.h"

#include "test/server/controllers/endpoints/service_objects.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

struct StaleDisruptionCluster : Cluster {
  controllers::StaleDisruptionController controller{context()};
  StaleDisruptionCluster() { start(controller); }
  ~StaleDisruptionCluster() { stop(controller); }

  // A pod that was marked so long ago.
  void mark(std::chrono::seconds age, const char* reason = "EvictionByEvictionAPI", const char* changes = "{}") {
    Json pod = web_pod("a", "10.0.0.1");
    pod.merge_patch(Json::parse(changes));
    api::set_condition(pod, {"DisruptionTarget", "True", reason, "going"}, clock.now() - age);
    client.put(api::kPods, pod);
    settle();
  }
  [[nodiscard]] Json mark() const {
    return *api::find_condition(*client.peek(api::kPods, {"default", "a"}), "DisruptionTarget");
  }
};

}  // namespace

TEST_CASE("a pod that was marked and stayed is not marked any more") {
  StaleDisruptionCluster cluster;
  cluster.mark(std::chrono::seconds(121));
  CHECK(string_at(cluster.mark(), {"status"}) == "False");
  CHECK(string_at(cluster.mark(), {"reason"}).empty());
  CHECK(string_at(cluster.mark(), {"lastTransitionTime"}) == format_time(cluster.clock.now()));
}

TEST_CASE("marks that stay") {
  struct Row {
    const char* name;
    std::chrono::seconds age;
    const char* reason;
    const char* pod;
  };
  const Row rows[] = {
      {"young", std::chrono::seconds(110), "EvictionByEvictionAPI", "{}"},
      {"the agent's", std::chrono::hours(1), "TerminationByKubelet", "{}"},
      {"of a pod that ended", std::chrono::hours(1), "EvictionByEvictionAPI", R"({"status":{"phase":"Failed"}})"},
      {"of a pod that goes", std::chrono::hours(1), "EvictionByEvictionAPI",
       R"({"metadata":{"deletionTimestamp":"2026-11-22T12:00:30Z"}})"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    StaleDisruptionCluster cluster;
    cluster.mark(row.age, row.reason, row.pod);
    CHECK(string_at(cluster.mark(), {"status"}) == "True");
  }
}

#include "scheduler/plugins/resources_fit/resources_fit.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

using Reasons = std::vector<std::string>;

TEST_CASE("fits_resources") {
  struct Row {
    const char* name;
    std::string spec;
    Reasons reasons;
  };
  const Row rows[] = {
      {"nothing asked for", "{}", {}},
      {"exactly what is left", requesting(R"({"cpu": "3", "memory": "7Gi"})"), {}},
      {"too much cpu", requesting(R"({"cpu": "3001m"})"), {"Insufficient cpu"}},
      {"too much of everything",
       requesting(R"({"cpu": "4", "memory": "8Gi", "ephemeral-storage": "1", "gpu": "1"})"),
       {"Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage", "Insufficient gpu"}},
      {"containers add up",
       R"({"containers": [{"resources": {"requests": {"cpu": "2"}}}, {"resources": {"requests": {"cpu": "2"}}}]})",
       {"Insufficient cpu"}},
      {"an init container needs it only first",
       R"({"initContainers": [{"resources": {"requests": {"cpu": "3"}}}, {"resources": {"requests": {"cpu": "3"}}}],
           "containers": [{"resources": {"requests": {"cpu": "1"}}}]})",
       {}},
      {"an init container that needs too much",
       R"({"initContainers": [{"resources": {"requests": {"cpu": "4"}}}]})",
       {"Insufficient cpu"}},
      {"a sidecar stays",
       R"({"initContainers": [{"restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}],
           "containers": [{"resources": {"requests": {"cpu": "2500m"}}}]})",
       {"Insufficient cpu"}},
      {"overhead counts", R"({"overhead": {"cpu": "3100m"}})", {"Insufficient cpu"}},
  };
  NodeInfo node = node_info(node_object("n1"));
  node.add_pod(*pod_info("running", requesting(R"({"cpu": "1", "memory": "1Gi"})")));
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Verdict verdict = fits_resources(*pod_info("a", row.spec), node);
      CHECK(verdict.reasons == row.reasons);
      CHECK(verdict.fits() == row.reasons.empty());
    }
  }
  SECTION("a full node") {
    for (int i = 0; i < 9; ++i) node.add_pod(*pod_info(std::to_string(i)));
    CHECK(fits_resources(*pod_info("a"), node).reasons == Reasons{"Too many pods"});
  }
}

#include "scheduler/plugins/least_allocated/least_allocated.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

TEST_CASE("score_least_allocated") {
  NodeInfo node = node_info(node_object("n1", "{}", R"({"cpu": "4", "memory": "8Gi", "pods": "10"})"));
  const PodInfoPtr half = pod_info("a", requesting(R"({"cpu": "2", "memory": "4Gi"})"));
  CHECK(score_least_allocated(*half, node) == 50);
  node.add_pod(*pod_info("b", requesting(R"({"cpu": "1", "memory": "0"})")));
  CHECK(score_least_allocated(*half, node) == (25 + 50) / 2);
  SECTION("what asks for nothing still counts a little") {
    // 4000 - 1000 - 100 of 4000 millicores, 8192 - 200 of 8192 MiB.
    CHECK(score_least_allocated(*pod_info("c", R"({"containers": [{}]})"), node) == (72 + 97) / 2);
  }
  SECTION("more than there is scores nothing") {
    CHECK(score_least_allocated(*pod_info("c", requesting(R"({"cpu": "9", "memory": "9Gi"})")), node) == 0);
  }
}

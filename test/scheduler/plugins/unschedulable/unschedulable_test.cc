#include "scheduler/plugins/unschedulable/unschedulable.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

TEST_CASE("fits_unschedulable") {
  const NodeInfo cordoned = node_info(node_object("n1", R"({"unschedulable": true})"));
  CHECK(fits_unschedulable(*pod_info("a"), node_info(node_object("n1"))).fits());
  const Verdict verdict = fits_unschedulable(*pod_info("a"), cordoned);
  CHECK(verdict.reasons == std::vector<std::string>{"node(s) were unschedulable"});
  const PodInfoPtr daemon =
      pod_info("a", R"({"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]})");
  CHECK(fits_unschedulable(*daemon, cordoned).fits());
}

#include "scheduler/plugins/node_name/node_name.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

TEST_CASE("fits_node_name") {
  const NodeInfo node = node_info(node_object("n1"));
  CHECK(fits_node_name(*pod_info("a"), node).fits());
  CHECK(fits_node_name(*pod_info("a", R"({"nodeName": "n1"})"), node).fits());
  const Verdict verdict = fits_node_name(*pod_info("a", R"({"nodeName": "n2"})"), node);
  CHECK(verdict.kind == Verdict::Kind::kNever);
  CHECK(verdict.reasons == std::vector<std::string>{"node(s) didn't match the requested node name"});
}

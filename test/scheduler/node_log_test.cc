#include "scheduler/node_log.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;

TEST_CASE("NodeLog tells the newest change of each node") {
  const NodeInfo a("a");
  const NodeInfo b("b");
  NodeLog log;
  CHECK(!log.since(0));  // who was never here does not know the nodes
  const auto start = log.end();
  CHECK(log.since(start)->empty());

  log.add({&a, false}, 3);
  log.add({&b, false}, 3);
  log.add({&a, true}, 3);
  const auto changes = log.since(start);
  REQUIRE(changes->size() == 2);
  CHECK((changes->at(0).node == &a && changes->at(0).gone));
  CHECK((changes->at(1).node == &b && !changes->at(1).gone));
  CHECK(log.since(log.end())->empty());
  CHECK(log.since(log.end() - 2)->size() == 2);

  log.add({&b, false}, 3);
  CHECK(!log.since(start));  // one change more than there are nodes
  CHECK(log.since(start + 1)->size() == 2);
}

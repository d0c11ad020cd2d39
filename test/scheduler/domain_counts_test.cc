#include "scheduler/domain_counts.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace skiff::scheduler;

TEST_CASE("DomainCounts") {
  const NodeInfo a("a");
  const NodeInfo b("b");
  const NodeInfo c("c");
  const std::string east = "east";
  const std::string west = "west";
  DomainCounts zones(false);
  zones.set(&a, &east, true, 3);
  zones.set(&b, &east, true, 2);
  zones.set(&c, &west, true, 1);

  SECTION("sums up the nodes of each domain") {
    CHECK(zones.domain_of(&a)->count == 5);
    CHECK(zones.domain_of(&a) == zones.domain_of(&b));
    CHECK(zones.domain_of(&c)->count == 1);
    CHECK(zones.size() == 2);
    CHECK(zones.least() == 1);
    CHECK(zones.total() == 6);
  }
  SECTION("takes what is new for what was before") {
    zones.set(&a, &east, true, 0);
    zones.set(&c, &west, true, 7);
    CHECK(zones.domain_of(&a)->count == 2);
    CHECK(zones.least() == 2);
    CHECK(zones.total() == 9);
  }
  SECTION("moves a node to another domain") {
    zones.set(&a, &west, true, 3);
    CHECK(zones.domain_of(&b)->count == 2);
    CHECK(zones.domain_of(&a)->count == 4);
    zones.set(&b, &west, true, 2);
    CHECK(zones.size() == 1);
    CHECK(zones.least() == 6);
  }
  SECTION("knows domains of nodes that do not count, but leaves them out") {
    zones.set(&c, &west, false, 1);
    CHECK(zones.domain_of(&c)->count == 0);
    CHECK(zones.size() == 1);
    CHECK(zones.least() == 5);
    CHECK(zones.total() == 5);
  }
  SECTION("forgets nodes, and domains with their last node") {
    zones.erase(&c);
    CHECK(zones.domain_of(&c) == nullptr);
    CHECK(zones.size() == 1);
    zones.erase(&a);
    zones.erase(&b);
    zones.erase(&b);
    CHECK(zones.size() == 0);
    CHECK(zones.least() == 0);
    CHECK(zones.total() == 0);
  }
  SECTION("a node without the label is in none") {
    zones.set(&c, nullptr, true, 1);
    CHECK(zones.domain_of(&c) == nullptr);
    CHECK(zones.size() == 1);
    CHECK(zones.total() == 5);
  }
  SECTION("has an id for each") {
    CHECK(zones.domain_of(&a)->id != zones.domain_of(&c)->id);
    CHECK(zones.domain_of(&a)->id != 0);
  }
}

TEST_CASE("DomainCounts knows the nodes of narrow domains") {
  const NodeInfo a("a");
  const NodeInfo b("b");
  const std::string name = "a";
  DomainCounts hosts(true);
  hosts.set(&a, &name, true, 1);
  hosts.set(&b, &name, true, 1);
  CHECK(hosts.domain_of(&a)->members == std::vector<const NodeInfo*>{&a, &b});
  hosts.erase(&a);
  CHECK(hosts.domain_of(&b)->members == std::vector<const NodeInfo*>{&b});
}

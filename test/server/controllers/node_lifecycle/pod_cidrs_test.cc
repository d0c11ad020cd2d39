#include "server/controllers/node_ipam/pod_cidrs.h"

#include <catch2/catch.hpp>

using namespace skiff::controllers;

TEST_CASE("PodCidrs gives out what is free") {
  SECTION("in order, past what nodes have") {
    PodCidrs cidrs("10.244.0.0/16");
    cidrs.take("10.244.0.0/24");
    cidrs.take("10.244.2.0/24");
    cidrs.take("192.168.0.0/24");
    cidrs.take("nonsense");
    CHECK(cidrs.take_next() == "10.244.1.0/24");
    CHECK(cidrs.take_next() == "10.244.3.0/24");
  }
  SECTION("until there is none, and again what was given back") {
    PodCidrs cidrs("10.244.6.0/23");
    CHECK(cidrs.take_next() == "10.244.6.0/24");
    CHECK(cidrs.take_next() == "10.244.7.0/24");
    CHECK(cidrs.take_next().empty());
    cidrs.take("10.244.6.0/24");
    cidrs.release("10.244.6.0/24");
    CHECK(cidrs.take_next().empty());  // two had it
    cidrs.release("10.244.6.0/24");
    CHECK(cidrs.take_next() == "10.244.6.0/24");
  }
  SECTION("nothing of what is no network, or too small") {
    CHECK(PodCidrs("255.255.255.0/24").take_next() == "255.255.255.0/24");
    CHECK(PodCidrs("10.244.0.0/25").take_next().empty());
    CHECK(PodCidrs("nonsense").take_next().empty());
    CHECK(PodCidrs("").take_next().empty());
  }
}

// The work, not the time.
TEST_CASE("A node's pod network costs the same however many nodes there are") {
  PodCidrs cidrs("10.0.0.0/8");
  for (int i = 0; i < 5000; ++i) REQUIRE(!cidrs.take_next().empty());
  CHECK(cidrs.visited() == 5000);
}

#include "nodeagent/pods/turns.h"

#include <catch2/catch.hpp>

#include <vector>

using skiff::nodeagent::Turns;

TEST_CASE("so many work at a time, in the order in which they asked") {
  Turns turns(2);
  std::vector<int> begun;
  std::vector<Turns::Turn> held;
  const auto ask = [&](int who) {
    return turns.take([&begun, &held, who](Turns::Turn turn) {
      begun.push_back(who);
      held.push_back(std::move(turn));
    });
  };
  CHECK(ask(1));
  CHECK(ask(2));
  CHECK_FALSE(ask(3));
  CHECK_FALSE(ask(4));
  CHECK(begun == std::vector{1, 2});

  held[0] = {};
  CHECK(begun == std::vector{1, 2, 3});
  held[0] = {};  // it has none any more
  CHECK(begun == std::vector{1, 2, 3});
  CHECK_FALSE(ask(5));
  held[2] = {};
  held[1] = {};
  CHECK(begun == std::vector{1, 2, 3, 4, 5});
  held.clear();
  CHECK(ask(6));
}

TEST_CASE("a turn that nobody keeps is the next one's, however many there are") {
  Turns turns(1);
  Turns::Turn first;
  REQUIRE(turns.take([&first](Turns::Turn turn) { first = std::move(turn); }));
  constexpr int kMany = 1000000;  // more than the stack has room for
  int begun = 0;
  for (int i = 0; i < kMany; ++i) turns.take([&begun](Turns::Turn) { ++begun; });
  first = {};
  CHECK(begun == kMany);
  CHECK(turns.take([](Turns::Turn) {}));
}

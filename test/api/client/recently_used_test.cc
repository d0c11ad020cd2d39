#include "api/client/recently_used.h"

#include "test/support/fake_client.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::api;
using namespace std::chrono_literals;

TEST_CASE("RecentlyUsed") {
  constexpr std::size_t kCapacity = 100;
  RecentlyUsed<int> values(10min, kCapacity);
  test::FakeClock clock;
  values.use("a", 1, clock.now()) = 2;
  CHECK(values.use("a", 1, clock.now()) == 2);

  SECTION("forgets what is not used for its window") {
    clock.advance(9min);
    values.use("b", 3, clock.now());
    clock.advance(9min);
    CHECK(values.use("b", 0, clock.now()) == 3);
    CHECK(values.size() == 2);
    clock.advance(11min);
    CHECK(values.use("b", 0, clock.now()) == 3);
    CHECK(values.size() == 1);
    clock.advance(21min);
    values.forget_old(clock.now());
    CHECK(values.size() == 0);
  }
  SECTION("remembers what is used in between, however long it is ago") {
    for (int i = 0; i < 10; ++i) {
      clock.advance(9min);
      CHECK(values.use("a", 1, clock.now()) == 2);
    }
    CHECK(values.size() == 1);
  }
  SECTION("keeps as many as it must, and at most twice as many") {
    for (std::size_t i = 0; i < 10 * kCapacity; ++i) {
      values.use(std::to_string(i), 0, clock.now());
      if (i % 50 == 0) CHECK(values.use("a", 1, clock.now()) == 2);
      CHECK(values.size() <= 2 * kCapacity);
    }
    CHECK(values.size() >= kCapacity);
    for (std::size_t i = 0; i < 2 * kCapacity; ++i) values.use(std::to_string(i), 0, clock.now());
    CHECK(values.use("a", 1, clock.now()) == 1);
  }
  SECTION("gives a value away, from either generation") {
    CHECK(values.take("a", clock.now()) == 2);
    CHECK(values.size() == 0);
    CHECK(values.take("a", clock.now()) == std::nullopt);
    values.use("a", 4, clock.now());
    clock.advance(11min);
    CHECK(values.take("a", clock.now()) == 4);
    CHECK(values.size() == 0);
  }
}

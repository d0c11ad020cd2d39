#include "server/controllers/expectations.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using skiff::TimePoint;
using skiff::controllers::Expectations;

TEST_CASE("Expectations") {
  Expectations expectations;
  const TimePoint now{};
  CHECK(expectations.satisfied("rs", now));

  SECTION("creations are counted") {
    expectations.expect("rs", 3, {}, now);
    expectations.creation_observed("rs");
    expectations.creation_observed("other");
    CHECK(!expectations.satisfied("rs", now));
    expectations.creation_observed("rs", 2);
    CHECK(expectations.satisfied("rs", now));
  }
  SECTION("deletions are of certain objects, each once") {
    expectations.expect("rs", 0, {"a", "b"}, now);
    expectations.deletion_observed("rs", "a");
    expectations.deletion_observed("rs", "a");
    expectations.deletion_observed("rs", "x");
    CHECK(!expectations.satisfied("rs", now));
    expectations.deletion_observed("rs", "b");
    CHECK(expectations.satisfied("rs", now));
  }
  SECTION("both may be outstanding at once") {
    expectations.expect("rs", 1, {"a"}, now);
    expectations.creation_observed("rs");
    CHECK(!expectations.satisfied("rs", now));
    expectations.deletion_observed("rs", "a");
    CHECK(expectations.satisfied("rs", now));
  }
  SECTION("what never comes is given up") {
    expectations.expect("rs", 1, {}, now);
    CHECK(!expectations.satisfied("rs", now + 5min));
    CHECK(expectations.satisfied("rs", now + 5min + 1s));
  }
}

#include "server/handlers/cpu_profile.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>

using namespace skiff;
using namespace skiff::server;

namespace {

// Uses the processor for 0.2 s of its time.
double be_busy() {
  double sum = 0;
  const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 5;
  while (std::clock() < end) {
    for (int i = 0; i < 10'000; ++i) sum += std::sqrt(static_cast<double>(i));
  }
  return sum;
}

}  // namespace

TEST_CASE("a profile of the processor comes in pprof's form") {
  auto started = CpuProfile::start();
  if (!started && started.error().reason == api::Reason::kServiceUnavailable) {
    WARN("skipped: " << started.error().message);
    return;
  }
  REQUIRE(started);
  const auto second = CpuProfile::start();
  REQUIRE_FALSE(second);
  CHECK(second.error().reason == api::Reason::kConflict);

  CHECK(be_busy() > 0);
  const std::string profile = (*started)->finish();
  // gperftools' "cpuprofile-fileformat": 0, 3, 0, the period in microseconds, 0; then how often a stack was seen, how
  // deep it is, and its addresses; at the end /proc/self/maps.
  std::array<std::uintptr_t, 7> words{};
  REQUIRE(profile.size() > sizeof(words));
  std::memcpy(words.data(), profile.data(), sizeof(words));
  CHECK(words[0] == 0);
  CHECK(words[1] == 3);
  CHECK(words[3] == 10'000);
  CHECK(words[5] > 0);
  CHECK(words[6] > 1);
  CHECK(profile.find("[stack]") != std::string::npos);

  CHECK(CpuProfile::start());  // and is forgotten at once
  CHECK(CpuProfile::start());
}

#include "api/base/clock.h"

#include <catch2/catch.hpp>

namespace skiff {

using namespace std::chrono_literals;

TEST_CASE("times are printed as Kubernetes prints them") {
  const TimePoint time = std::chrono::sys_days(std::chrono::year(2026) / 2 / 3) + 4h + 5min + 6s + 7ms;
  CHECK(format_time(time) == "2026-02-03T04:05:06Z");
  CHECK(format_micro_time(time) == "2026-02-03T04:05:06.007000Z");
  CHECK(format_nano_time(time) == "2026-02-03T04:05:06.007000000Z");
  CHECK(format_time(TimePoint() - 1s) == "1969-12-31T23:59:59Z");
}

TEST_CASE("RFC 3339 times are read, others are not") {
  const TimePoint noon = std::chrono::sys_days(std::chrono::year(2026) / 2 / 28) + 12h;
  struct Row {
    const char* text;
    std::optional<TimePoint> time;
  };
  const Row rows[] = {
      {"2026-02-28T12:00:00Z", noon},
      {"2026-02-28T12:00:00.5Z", noon + 500ms},
      {"2026-02-28T12:00:00.000000001Z", noon + 1ns},
      {"2026-02-28T13:30:00+01:30", noon},
      {"2026-02-28T10:00:00-02:00", noon},
      {"2026-02-28t12:00:00z", noon},
      {"2026-02-30T12:00:00Z", std::nullopt},
      {"2026-02-28T24:00:00Z", std::nullopt},
      {"2026-02-28T12:00:00", std::nullopt},
      {"2026-02-28T12:00:00.Z", std::nullopt},
      {"2026-02-28T12:00:00Zjunk", std::nullopt},
      {"2026-02-28", std::nullopt},
      {"9999-02-28T12:00:00Z", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text) { CHECK(parse_time(row.text) == row.time); }
  }
}

TEST_CASE("ages are as short as kubectl's") {
  struct Row {
    std::chrono::seconds age;
    const char* text;
  };
  const Row rows[] = {{-2s, "<invalid>"}, {-1s, "0s"},         {0s, "0s"},           {119s, "119s"},
                      {2min, "2m"},       {2min + 5s, "2m5s"}, {10min + 5s, "10m"},  {179min, "179m"},
                      {3h, "3h"},         {3h + 1min, "3h1m"}, {8h + 30min, "8h"},   {47h, "47h"},
                      {48h, "2d"},        {49h, "2d1h"},       {24h * 8, "8d"},      {24h * 729, "729d"},
                      {24h * 730, "2y"},  {24h * 731, "2y1d"}, {24h * 365 * 8, "8y"}};
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text) { CHECK(human_duration(row.age) == row.text); }
  }
}

}  // namespace skiff

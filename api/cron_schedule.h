#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/time_zone.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace skiff::api {

// When a CronJob runs: the five fields of cron (minute, hour, day of the month, month, day of the week) with lists,
// ranges, steps and names, "@hourly" and its like, or "@every 1h30m"; the dialect of github.com/robfig/cron, which
// upstream uses. Immutable.
class CronSchedule {
 public:
  // kInvalid with robfig/cron's message ("expected exactly 5 fields, found 4: [* * * *]").
  [[nodiscard]] static skiff::Result<CronSchedule> parse(const std::string& text);

  // The first moment after `time`, by the zone's local time; nothing when none comes within five years ("0 0 30 2 *").
  // A local time that a change of the clock leaves out does not run; one that comes twice runs twice.
  [[nodiscard]] std::optional<TimePoint> next(TimePoint time, const TimeZone& zone) const;

 private:
  // A bit for each number that matches; `any` when the field began with "*" or "?".
  struct Field {
    std::uint64_t bits = 0;
    bool any = false;

    [[nodiscard]] bool has(unsigned value) const { return (bits >> value & 1) != 0; }
  };
  class Parser;

  [[nodiscard]] bool matches_day(std::chrono::sys_days day) const;

  Field minutes_, hours_, days_, months_, weekdays_;
  std::chrono::seconds every_{0};  // not 0: "@every", and the fields do not count
};

}  // namespace skiff::api

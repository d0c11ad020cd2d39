#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// A time zone of the system's IANA database (/usr/share/zoneinfo, or $ZONEINFO as in Go): what local time is when.
// Immutable after it is loaded, so it may be shared between threads. (libstdc++ has std::chrono's time zones from GCC
// 14 on.)
class TimeZone {
 public:
  // "Europe/Berlin"; "" and "UTC" are UTC, without any file. kInvalid "unknown time zone x" when there is none.
  [[nodiscard]] static skiff::Result<std::shared_ptr<const TimeZone>> load(const std::string& name);
  // From a file in TZif form (RFC 8536, version 2 or later): for tests and load(). kInvalid when it is malformed.
  [[nodiscard]] static skiff::Result<std::shared_ptr<const TimeZone>> parse(std::string_view file);

  // What to add to UTC to get local time at that moment.
  [[nodiscard]] std::chrono::seconds offset_at(TimePoint time) const;

 private:
  struct Transition {
    std::int64_t time = 0;  // seconds since the epoch
    std::int64_t offset = 0;
  };
  // A day and time of the year at which an offset begins: "M3.5.0/2", "J60", "59".
  struct YearlyMoment {
    enum class Kind { kMonthWeekDay, kJulianDay, kDayOfYear } kind = Kind::kMonthWeekDay;
    int month = 0;
    int week = 0;
    int day = 0;
    std::int64_t seconds = 7200;  // local time of the day
  };
  // Local time after the last transition, from the file's footer: "CET-1CEST,M3.5.0,M10.5.0/3".
  struct Rule {
    std::int64_t standard_offset = 0;
    bool has_summer = false;
    std::int64_t summer_offset = 0;
    YearlyMoment summer_begins;
    YearlyMoment summer_ends;
  };
  class RuleParser;

  [[nodiscard]] static std::int64_t seconds_into_year(const YearlyMoment& moment, int year);
  [[nodiscard]] std::int64_t offset_by_rule(std::int64_t time) const;

  std::int64_t first_offset_ = 0;  // before the first transition
  std::vector<Transition> transitions_;
  Rule rule_;
  bool has_rule_ = false;
};

}  // namespace skiff::api

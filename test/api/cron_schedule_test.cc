#include "api/cron_schedule.h"

#include "api/duration.h"

#include <catch2/catch.hpp>

#include <string>

using namespace skiff;
using api::CronSchedule;
using api::TimeZone;

namespace {

// The next `count` moments, each after the one before: "2026-01-01T00:00:00Z 2026-...".
std::string moments(const char* schedule_text, const char* zone_name, const char* from, int count) {
  const auto schedule = CronSchedule::parse(schedule_text);
  const auto zone = TimeZone::load(zone_name);
  if (!schedule) return schedule.error().message;
  if (!zone) return zone.error().message;
  std::string text;
  TimePoint time = *parse_time(from);
  for (int i = 0; i < count; ++i) {
    const auto next = schedule->next(time, **zone);
    if (!next) return text + (i == 0 ? "never" : " never");
    time = *next;
    text += (i == 0 ? "" : " ") + format_time(time);
  }
  return text;
}

std::string error_of(const char* text) {
  const auto schedule = CronSchedule::parse(text);
  return schedule ? "" : schedule.error().message;
}

}  // namespace

TEST_CASE("cron schedules: the next moments") {
  struct Row {
    const char* schedule;
    const char* from;
    const char* expected;
  };
  const Row rows[] = {
      {"* * * * *", "2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z 2026-11-22T10:02:00Z"},
      {"* * * * *", "2026-11-22T10:00:30.5Z", "2026-11-22T10:01:00Z 2026-11-22T10:02:00Z"},
      {"*/15 * * * *", "2026-11-22T10:50:00Z", "2026-11-22T11:00:00Z 2026-11-22T11:15:00Z"},
      {"5/20 * * * *", "2026-11-22T10:30:00Z", "2026-11-22T10:45:00Z 2026-11-22T11:05:00Z"},
      {"1-5/2,30 8 * * *", "2026-11-22T08:04:00Z", "2026-11-22T08:05:00Z 2026-11-22T08:30:00Z"},
      {"0 0 1 JAN *", "2026-11-22T10:00:00Z", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z"},
      {"0 9 * * mon-fri", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z 2026-11-24T09:00:00Z"},
      {"0 0 13 * 5", "2026-11-12T10:00:00Z", "2026-11-13T00:00:00Z 2026-11-20T00:00:00Z"},  // a 13th or a Friday
      {"0 0 13 * ?", "2026-11-14T10:00:00Z", "2026-12-13T00:00:00Z 2027-01-13T00:00:00Z"},
      {"0 0 */10 * 5", "2026-11-12T10:00:00Z", "2026-11-13T00:00:00Z 2026-11-20T00:00:00Z"},
      {"0 0 29 2 *", "2026-11-22T10:00:00Z", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"},
      {"0 0 30 2 *", "2026-11-22T10:00:00Z", "never"},
      {"59 23 31 12 *", "2026-12-31T23:58:59Z", "2026-12-31T23:59:00Z 2027-12-31T23:59:00Z"},
      {"@hourly", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z 2026-11-22T12:00:00Z"},
      {"@daily", "2026-11-22T10:00:00Z", "2026-11-23T00:00:00Z 2026-11-24T00:00:00Z"},
      {"@midnight", "2026-11-22T10:00:00Z", "2026-11-23T00:00:00Z 2026-11-24T00:00:00Z"},
      {"@weekly", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z 2026-12-06T00:00:00Z"},
      {"@monthly", "2026-11-22T10:00:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z"},
      {"@yearly", "2026-11-22T10:00:00Z", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z"},
      {"@every 1m30s", "2026-11-22T10:00:00.7Z", "2026-11-22T10:01:30Z 2026-11-22T10:03:00Z"},
  };
  for (const Row& row : rows) {
    INFO(row.schedule);
    CHECK(moments(row.schedule, "UTC", row.from, 2) == row.expected);
  }
}

TEST_CASE("cron schedules in a time zone") {
  if (!TimeZone::load("Europe/Berlin")) {
    WARN("skipped: no time zone database on this machine");
    return;
  }
  struct Row {
    const char* name;
    const char* schedule;
    const char* zone;
    const char* from;
    const char* expected;
  };
  const Row rows[] = {
      {"winter", "0 9 * * *", "Europe/Berlin", "2026-01-10T00:00:00Z", "2026-01-10T08:00:00Z"},
      {"summer", "0 9 * * *", "Europe/Berlin", "2026-07-10T00:00:00Z", "2026-07-10T07:00:00Z"},
      {"the other half of the earth", "0 9 * * *", "Australia/Sydney", "2026-01-10T00:00:00Z", "2026-01-10T22:00:00Z"},
      {"half an hour", "0 9 * * *", "Asia/Kolkata", "2026-01-10T00:00:00Z", "2026-01-10T03:30:00Z"},
      {"a local time that is left out", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
      {"the day of the change itself", "0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
      {"midnight is not jumped over", "5 0 * * *", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T22:05:00Z"},
      {"far in the future", "0 9 1 7 *", "America/New_York", "2099-01-01T00:00:00Z", "2099-07-01T13:00:00Z"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(moments(row.schedule, row.zone, row.from, 1) == row.expected);
  }
  // A local time that comes twice runs twice.
  CHECK(moments("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3) ==
        "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-26T01:30:00Z");
}

TEST_CASE("time zones: what is none, and the rule for the years that the file does not list") {
  for (const char* name :
       {"Nowhere/Land", "../etc/passwd", "/etc/localtime", "Europe", "Europe//Berlin", "-a", "a b"}) {
    INFO(name);
    const auto zone = TimeZone::load(name);
    REQUIRE_FALSE(zone.has_value());
    CHECK(zone.error().message == std::string("unknown time zone ") + name);
  }
  CHECK((*TimeZone::load(""))->offset_at(*parse_time("2026-07-01T00:00:00Z")).count() == 0);

  // A file without a transition: all is in the footer. In 64 bits: one type of an hour east.
  auto file = [](const std::string& footer) {
    const std::string header = std::string("TZif2") + std::string(15, '\0');
    auto count = [](char n) { return std::string(3, '\0') + n; };
    const std::string none = count(0) + count(0) + count(0) + count(0) + count(0) + count(0);
    const std::string one = count(0) + count(0) + count(0) + count(0) + count(1) + count(4);
    const std::string type = std::string("\0\0\x0e\x10\0\0", 6) + std::string("CET\0", 4);
    return header + none + header + one + type + "\n" + footer + "\n";
  };
  struct Row {
    const char* footer;
    const char* time;
    int expected;
  };
  const Row rows[] = {
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-31T23:30:00Z", 3600},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39600},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z", 36000},
      {"<+0530>-5:30", "2026-07-01T00:00:00Z", 19800},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3600},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0},
      {"XXX3EDT,J60,J300", "2028-03-01T05:00:00Z", -7200},
      {"XXX3EDT,J60,J300", "2028-02-29T05:00:00Z", -10800},
      {"XXX3EDT,59,300", "2028-02-29T05:00:00Z", -7200},
      {"", "2026-07-01T00:00:00Z", 3600},
  };
  for (const Row& row : rows) {
    INFO(row.footer << " at " << row.time);
    const auto zone = TimeZone::parse(file(row.footer));
    REQUIRE(zone.has_value());
    CHECK((*zone)->offset_at(*parse_time(row.time)).count() == row.expected);
  }
  const std::string good = file("CET-1");
  for (std::size_t length = 0; length < good.size() - 6; ++length) {
    CHECK_FALSE(TimeZone::parse(std::string_view(good).substr(0, length)).has_value());
  }
  for (const char* footer : {"CET", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0", "<X-1", "<"}) {
    INFO(footer);
    CHECK_FALSE(TimeZone::parse(file(footer)).has_value());
  }
}

TEST_CASE("cron schedules: what is wrong, in the words of robfig/cron") {
  struct Row {
    const char* schedule;
    const char* expected;
  };
  const Row rows[] = {
      {"", "empty spec string"},
      {"* * * *", "expected exactly 5 fields, found 4: [* * * *]"},
      {"* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"},
      {"hello", "expected exactly 5 fields, found 1: [hello]"},
      {"@often", "unrecognized descriptor: @often"},
      {"@every x", "failed to parse duration @every x: time: invalid duration \"x\""},
      {"60 * * * *", "end of range (60) above maximum (59): 60"},
      {"* 24 * * *", "end of range (24) above maximum (23): 24"},
      {"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
      {"* * * * 7", "end of range (7) above maximum (6): 7"},
      {"5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"},
      {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
      {"*/2/3 * * * *", "too many slashes: */2/3"},
      {"*/0 * * * *", "step of range should be a positive number: */0"},
      {"x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
      {"-5 * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax"},
      {"* * * feb-xyz *", "failed to parse int from xyz: strconv.Atoi: parsing \"xyz\": invalid syntax"},
      {"* * * FEB sun", ""},
  };
  for (const Row& row : rows) {
    INFO(row.schedule);
    CHECK(error_of(row.schedule) == row.expected);
  }
}

TEST_CASE("Go durations") {
  using std::chrono::nanoseconds;
  struct Row {
    const char* text;
    std::int64_t expected;  // -1: none
  };
  const Row rows[] = {{"0", 0},
                      {"1ns", 1},
                      {"1.5us", 1500},
                      {"1h15m30.5s", 4530500000000},
                      {"1m1ms", 60001000000},
                      {".5s", 500000000},
                      {"", -1},
                      {"1", -1},
                      {"s", -1},
                      {".s", -1},
                      {"1x", -1},
                      {"300000000h", -1}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = api::parse_go_duration(row.text);
    CHECK((parsed ? parsed->count() : -1) == row.expected);
  }
  CHECK(api::parse_go_duration("-1m") == nanoseconds(std::chrono::minutes(-1)));
}

#include "api/cron_schedule.h"

#include "api/base/text.h"
#include "api/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace skiff::api {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

struct Bounds {
  unsigned min;
  unsigned max;
  std::vector<std::string> names;  // of the numbers from `min` on
};

const std::array<Bounds, 5>& bounds() {
  static const std::array<Bounds, 5> all = {{
      {0, 59, {}},
      {0, 23, {}},
      {1, 31, {}},
      {1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return all;
}

// The short forms for fields that many use.
std::string expand(const std::string& descriptor) {
  if (descriptor == "@yearly" || descriptor == "@annually") return "0 0 1 1 *";
  if (descriptor == "@monthly") return "0 0 1 * *";
  if (descriptor == "@weekly") return "0 0 * * 0";
  if (descriptor == "@daily" || descriptor == "@midnight") return "0 0 * * *";
  if (descriptor == "@hourly") return "0 * * * *";
  return "";
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

std::vector<std::string> words(const std::string& text, const char* separators) {
  std::vector<std::string> found;
  std::size_t begin = text.find_first_not_of(separators);
  while (begin != std::string::npos) {
    const std::size_t end = text.find_first_of(separators, begin);
    found.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(separators, end);
  }
  return found;
}

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

}  // namespace

class CronSchedule::Parser {
 public:
  skiff::Result<CronSchedule> parse(const std::string& text) {
    if (text.empty()) return invalid("empty spec string");
    std::string fields_text = text;
    if (text.front() == '@') {
      constexpr std::string_view kEvery = "@every ";
      if (text.starts_with(kEvery)) return parse_every(text, text.substr(kEvery.size()));
      fields_text = expand(text);
      if (fields_text.empty()) return invalid("unrecognized descriptor: " + text);
    }
    const std::vector<std::string> fields = words(fields_text, " \t\n\r\v\f");
    if (fields.size() != bounds().size()) {
      std::string shown;
      for (const std::string& field : fields) shown += (shown.empty() ? "" : " ") + field;
      return invalid("expected exactly 5 fields, found " + std::to_string(fields.size()) + ": [" + shown + "]");
    }
    CronSchedule schedule;
    const std::array<Field*, 5> targets = {&schedule.minutes_, &schedule.hours_, &schedule.days_, &schedule.months_,
                                           &schedule.weekdays_};
    for (std::size_t i = 0; i < fields.size() && error_.empty(); ++i) *targets[i] = parse_field(fields[i], bounds()[i]);
    if (!error_.empty()) return invalid(error_);
    return schedule;
  }

 private:
  static skiff::Result<CronSchedule> parse_every(const std::string& text, const std::string& period) {
    const auto duration = parse_go_duration(period);
    if (!duration) return invalid("failed to parse duration " + text + ": time: invalid duration \"" + period + "\"");
    CronSchedule schedule;
    schedule.every_ = std::max(seconds(1), std::chrono::floor<seconds>(*duration));
    return schedule;
  }

  Field parse_field(const std::string& text, const Bounds& limits) {
    Field field;
    for (const std::string& expression : words(text, ",")) {
      const Field part = parse_range(expression, limits);
      if (!error_.empty()) return field;
      field.bits |= part.bits;
      field.any = field.any || part.any;
    }
    return field;
  }

  // "*", "5", "1-5", "*/15", "10/5", "mon-fri".
  Field parse_range(const std::string& expression, const Bounds& limits) {
    const std::vector<std::string> range_and_step = split(expression, '/');
    const std::vector<std::string> low_and_high = split(range_and_step[0], '-');
    Field field;
    std::int64_t begin = limits.min;
    std::int64_t end = limits.max;
    const bool is_star = low_and_high[0] == "*" || low_and_high[0] == "?";
    if (is_star) {
      field.any = true;
    } else {
      begin = parse_number(low_and_high[0], limits);
      if (low_and_high.size() > 2) return fail("too many hyphens: " + expression);
      end = low_and_high.size() == 2 ? parse_number(low_and_high[1], limits) : begin;
    }
    std::int64_t step = 1;
    if (range_and_step.size() > 2) return fail("too many slashes: " + expression);
    if (range_and_step.size() == 2) {
      step = parse_digits(range_and_step[1]);
      // "N/step" goes on to the end.
      if (low_and_high.size() == 1) end = limits.max;
      if (step > 1) field.any = false;
    }
    if (!error_.empty()) return field;
    const std::string shown = ": " + expression;
    if (begin < limits.min) return fail(out_of_bounds("beginning", begin, "below minimum", limits.min) + shown);
    if (end > limits.max) return fail(out_of_bounds("end", end, "above maximum", limits.max) + shown);
    if (begin > end) return fail(out_of_bounds("beginning", begin, "beyond end of range", end) + shown);
    if (step == 0) return fail("step of range should be a positive number" + shown);
    for (std::int64_t value = begin; value <= end; value += step) field.bits |= std::uint64_t{1} << value;
    return field;
  }

  std::int64_t parse_number(const std::string& text, const Bounds& limits) {
    const std::string lower = lower_case(text);
    const auto name = std::find(limits.names.begin(), limits.names.end(), lower);
    if (name != limits.names.end()) return limits.min + (name - limits.names.begin());
    return parse_digits(text);
  }

  std::int64_t parse_digits(const std::string& text) {
    std::int32_t value = 0;
    const std::size_t sign = text.starts_with('+') ? 1 : 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + sign, end, value);
    if (error != std::errc() || stop != end) {
      fail("failed to parse int from " + text + ": strconv.Atoi: parsing \"" + text + "\": invalid syntax");
    } else if (value < 0) {
      fail("negative number (" + text + ") not allowed: " + text);
    }
    return value;
  }

  static std::string out_of_bounds(const char* which, std::int64_t value, const char* where, std::int64_t limit) {
    return std::string(which) + " of range (" + std::to_string(value) + ") " + where + " (" + std::to_string(limit) +
           ")";
  }

  // The first finding is the one that is reported.
  Field fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return {};
  }

  std::string error_;
};

skiff::Result<CronSchedule> CronSchedule::parse(const std::string& text) { return Parser().parse(text); }

// Days of the month and of the week are alternatives when both are given.
bool CronSchedule::matches_day(sys_days day) const {
  const std::chrono::year_month_day date(day);
  const bool of_month = days_.has(static_cast<unsigned>(date.day()));
  const bool of_week = weekdays_.has(std::chrono::weekday(day).c_encoding());
  return days_.any || weekdays_.any ? of_month && of_week : of_month || of_week;
}

std::optional<TimePoint> CronSchedule::next(TimePoint time, const TimeZone& zone) const {
  if (every_ != seconds(0)) return std::chrono::floor<seconds>(time) + every_;
  // Clocks change by less than this, and at quarters of an hour, so that no step jumps over a local time.
  constexpr std::chrono::hours kMaxShift{3};
  constexpr minutes kStep{15};
  constexpr std::chrono::days kHorizon{5 * 366};
  TimePoint candidate = std::chrono::floor<minutes>(time) + minutes(1);
  while (candidate < time + kHorizon) {
    const auto local = candidate + zone.offset_at(candidate);
    const sys_days day = std::chrono::floor<std::chrono::days>(local);
    const auto since_midnight = std::chrono::floor<minutes>(local - day);
    const auto hour = static_cast<unsigned>(since_midnight / std::chrono::hours(1));
    const auto minute = static_cast<unsigned>((since_midnight % std::chrono::hours(1)).count());
    const bool day_matches =
        months_.has(static_cast<unsigned>(std::chrono::year_month_day(day).month())) && matches_day(day);
    if (!day_matches) {
      const minutes to_midnight = std::chrono::days(1) - since_midnight;
      candidate += std::max(minutes(to_midnight - kMaxShift), kStep - minutes(minute % kStep.count()));
    } else if (!hours_.has(hour)) {
      candidate += kStep - minutes(minute % kStep.count());
    } else if (!minutes_.has(minute)) {
      candidate += minutes(1);
    } else {
      return candidate;
    }
  }
  return std::nullopt;
}

}  // namespace skiff::api

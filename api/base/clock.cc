#include "api/base/clock.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

namespace skiff {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// RFC 3339 in UTC with `digits` (0, 6 or 9) digits of a second's fraction.
std::string format_utc(TimePoint time, int digits) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(whole - day);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (digits > 0) {
    const auto fraction = fmt::format("{:09}", duration_cast<nanoseconds>(time - whole).count());
    text += '.';
    text += std::string_view(fraction).substr(0, static_cast<std::size_t>(digits));
  }
  return text + 'Z';
}

// Takes exactly `digits` decimal digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || value < 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!take_char(text, ".")) return nanoseconds(0);
  std::int64_t value = 0;
  std::int64_t unit = 100'000'000;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * unit;
    unit /= 10;
    any = true;
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return nanoseconds(value);
}

std::optional<seconds> take_offset(std::string_view& text) {
  if (take_char(text, "Zz")) return seconds(0);
  if (text.empty()) return std::nullopt;
  const bool negative = text.front() == '-';
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || !take_char(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const seconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return negative ? -offset : offset;
}

}  // namespace

std::string format_time(TimePoint time) { return format_utc(time, 0); }
std::string format_micro_time(TimePoint time) { return format_utc(time, 6); }
std::string format_nano_time(TimePoint time) { return format_utc(time, 9); }

std::optional<TimePoint> parse_time(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take_char(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_char(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take_char(text, "Tt ")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take_char(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Beyond these years nanoseconds since 1970 leave 64 bits.
  if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
  const auto since_midnight = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
  return TimePoint(std::chrono::sys_days(date)) + since_midnight + *fraction - *offset;
}

std::string human_duration(std::chrono::seconds duration) {
  const std::int64_t total = duration.count();
  // A little skew between clocks is "0s"; more is shown as what it is.
  if (total < -1) return "<invalid>";
  if (total < 0) return "0s";
  if (total < 60 * 2) return fmt::format("{}s", total);
  const std::int64_t minutes = total / 60;
  if (minutes < 10) {
    const std::int64_t rest = total % 60;
    return rest == 0 ? fmt::format("{}m", minutes) : fmt::format("{}m{}s", minutes, rest);
  }
  if (minutes < 60 * 3) return fmt::format("{}m", minutes);
  const std::int64_t hours = total / 3600;
  if (hours < 8) {
    const std::int64_t rest = minutes % 60;
    return rest == 0 ? fmt::format("{}h", hours) : fmt::format("{}h{}m", hours, rest);
  }
  if (hours < 48) return fmt::format("{}h", hours);
  const std::int64_t days = hours / 24;
  if (hours < 24 * 8) {
    const std::int64_t rest = hours % 24;
    return rest == 0 ? fmt::format("{}d", days) : fmt::format("{}d{}h", days, rest);
  }
  if (hours < 24 * 365 * 2) return fmt::format("{}d", days);
  const std::int64_t years = hours / 24 / 365;
  if (hours < 24 * 365 * 8) {
    const std::int64_t rest = days % 365;
    return rest == 0 ? fmt::format("{}y", years) : fmt::format("{}y{}d", years, rest);
  }
  return fmt::format("{}y", years);
}

}  // namespace skiff

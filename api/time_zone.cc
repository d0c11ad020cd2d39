#include "api/time_zone.h"

#include "api/base/files.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace skiff::api {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr const char* kDatabase = "/usr/share/zoneinfo";

// As Go: letters, digits and "._-+", in parts divided by slashes that do not lead out of the database.
bool is_zone_name(const std::string& name) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    const bool is_fine = !part.empty() && part != "." && part != ".." && part.front() != '-' &&
                         std::all_of(part.begin(), part.end(), [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '+';
                         });
    if (!is_fine) return false;
    if (end == name.size()) return true;
    begin = end + 1;
  }
}

// Big-endian numbers, as TZif has them. Reading beyond the end gives nothing and says so at the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::int64_t number(std::size_t width) {
    const std::string_view text = take(width);
    if (text.size() < width) return 0;
    // The sign is that of the first byte.
    std::int64_t value = static_cast<signed char>(text[0]);
    for (std::size_t i = 1; i < width; ++i) value = value * 256 + static_cast<unsigned char>(text[i]);
    return value;
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view text = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return text;
  }
  [[nodiscard]] std::string_view rest() const { return bytes_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

struct Header {
  std::size_t utc_flags = 0, standard_flags = 0, leap_seconds = 0, times = 0, types = 0, characters = 0;
};

std::optional<Header> read_header(Reader& reader) {
  if (reader.take(4) != "TZif") return std::nullopt;
  const std::string_view version = reader.take(1);
  if (version.empty() || version[0] < '2') return std::nullopt;
  reader.take(15);
  Header header;
  for (std::size_t* count : {&header.utc_flags, &header.standard_flags, &header.leap_seconds, &header.times,
                             &header.types, &header.characters}) {
    *count = static_cast<std::size_t>(reader.number(4)) & 0xffffffff;
  }
  return reader.failed() ? std::nullopt : std::optional<Header>(header);
}

std::size_t body_size(const Header& header, std::size_t time_width) {
  return header.times * (time_width + 1) + header.types * 6 + header.characters +
         header.leap_seconds * (time_width + 4) + header.standard_flags + header.utc_flags;
}

Error malformed() { return Error{ErrorCode::kInvalid, "malformed time zone information"}; }

}  // namespace

// The footer's text: a POSIX TZ string, whose offsets count westwards.
class TimeZone::RuleParser {
 public:
  explicit RuleParser(std::string_view text) : text_(text) {}

  std::optional<Rule> parse() {
    Rule rule;
    skip_name();
    rule.standard_offset = -duration();
    if (failed_) return std::nullopt;
    if (text_.empty()) return rule;
    rule.has_summer = true;
    skip_name();
    rule.summer_offset = rule.standard_offset + 3600;
    if (!text_.empty() && text_.front() != ',') rule.summer_offset = -duration();
    rule.summer_begins = moment();
    rule.summer_ends = moment();
    return failed_ || !text_.empty() ? std::nullopt : std::optional<Rule>(rule);
  }

 private:
  bool accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) { failed_ = !accept(c) || failed_; }

  void skip_name() {
    if (accept('<')) {
      const std::size_t end = text_.find('>');
      failed_ = failed_ || end == std::string_view::npos;
      text_.remove_prefix(std::min(end, text_.size() - 1) + 1);
      return;
    }
    while (!text_.empty() && std::isalpha(static_cast<unsigned char>(text_.front())) != 0) text_.remove_prefix(1);
  }

  int number() {
    int value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && digits < 4 && std::isdigit(static_cast<unsigned char>(text_[digits])) != 0) {
      value = value * 10 + (text_[digits++] - '0');
    }
    failed_ = failed_ || digits == 0;
    text_.remove_prefix(digits);
    return value;
  }

  // "[+-]hh[:mm[:ss]]" in seconds.
  std::int64_t duration() {
    const bool negative = accept('-');
    if (!negative) accept('+');
    std::int64_t seconds = number() * 3600;
    if (accept(':')) seconds += number() * 60;
    if (accept(':')) seconds += number();
    return negative ? -seconds : seconds;
  }

  YearlyMoment moment() {
    YearlyMoment moment;
    expect(',');
    if (accept('M')) {
      moment.month = number();
      expect('.');
      moment.week = number();
      expect('.');
      moment.day = number();
      failed_ =
          failed_ || moment.month < 1 || moment.month > 12 || moment.week < 1 || moment.week > 5 || moment.day > 6;
    } else {
      moment.kind = accept('J') ? YearlyMoment::Kind::kJulianDay : YearlyMoment::Kind::kDayOfYear;
      moment.day = number();
    }
    if (accept('/')) moment.seconds = duration();
    return moment;
  }

  std::string_view text_;
  bool failed_ = false;
};

skiff::Result<std::shared_ptr<const TimeZone>> TimeZone::load(const std::string& name) {
  if (name.empty() || name == "UTC") return std::shared_ptr<const TimeZone>(std::make_shared<TimeZone>());
  const Error unknown{ErrorCode::kInvalid, "unknown time zone " + name};
  if (!is_zone_name(name)) return unknown;
  const char* database = std::getenv("ZONEINFO");
  const auto file = read_file(std::string(database == nullptr ? kDatabase : database) + "/" + name);
  if (!file) return unknown;
  auto zone = parse(*file);
  if (!zone) return unknown;
  return zone;
}

skiff::Result<std::shared_ptr<const TimeZone>> TimeZone::parse(std::string_view file) {
  Reader reader(file);
  // The first part is the same in 32 bits, for old readers.
  const auto old_header = read_header(reader);
  if (!old_header) return malformed();
  reader.take(body_size(*old_header, 4));
  const auto header = read_header(reader);
  if (!header || header->types == 0) return malformed();
  if (body_size(*header, 8) > reader.rest().size()) return malformed();

  auto zone = std::make_shared<TimeZone>();
  zone->transitions_.resize(header->times);
  for (Transition& transition : zone->transitions_) transition.time = reader.number(8);
  const std::string_view type_of = reader.take(header->times);
  std::vector<std::int64_t> offsets(header->types);
  for (std::int64_t& offset : offsets) {
    offset = reader.number(4);
    reader.take(2);
  }
  zone->first_offset_ = offsets.front();
  for (std::size_t i = 0; i < type_of.size(); ++i) {
    const auto type = static_cast<unsigned char>(type_of[i]);
    if (type >= offsets.size()) return malformed();
    zone->transitions_[i].offset = offsets[type];
  }
  reader.take(header->characters + header->leap_seconds * 12 + header->standard_flags + header->utc_flags);

  std::string_view footer = reader.rest();
  if (reader.failed() || footer.size() < 2 || footer.front() != '\n') return malformed();
  footer = footer.substr(1, footer.find('\n', 1) - 1);
  if (footer.empty()) return std::shared_ptr<const TimeZone>(zone);
  const auto rule = RuleParser(footer).parse();
  if (!rule) return malformed();
  zone->rule_ = *rule;
  zone->has_rule_ = true;
  return std::shared_ptr<const TimeZone>(zone);
}

std::chrono::seconds TimeZone::offset_at(TimePoint time) const {
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), seconds,
                                     [](std::int64_t value, const Transition& each) { return value < each.time; });
  if (next == transitions_.end() && has_rule_) return std::chrono::seconds(offset_by_rule(seconds));
  if (next == transitions_.begin()) return std::chrono::seconds(first_offset_);
  return std::chrono::seconds(std::prev(next)->offset);
}

std::int64_t TimeZone::seconds_into_year(const YearlyMoment& moment, int year_number) {
  const std::chrono::year year(year_number);
  std::int64_t day = moment.day;
  if (moment.kind == YearlyMoment::Kind::kJulianDay) {
    // Counts from 1 and never counts February 29.
    day += year.is_leap() && moment.day >= 60 ? 0 : -1;
  } else if (moment.kind == YearlyMoment::Kind::kMonthWeekDay) {
    const std::chrono::month month(static_cast<unsigned>(moment.month));
    const std::chrono::weekday weekday(static_cast<unsigned>(moment.day));
    const sys_days date = moment.week == 5 ? sys_days(year / month / weekday[std::chrono::last])
                                           : sys_days(year / month / weekday[static_cast<unsigned>(moment.week)]);
    day = (date - sys_days(year / 1 / 1)).count();
  }
  return day * kSecondsPerDay + moment.seconds;
}

std::int64_t TimeZone::offset_by_rule(std::int64_t time) const {
  if (!rule_.has_summer) return rule_.standard_offset;
  // Each end of summer is told in the local time that goes before it.
  const sys_days day{days((time + rule_.standard_offset) / kSecondsPerDay)};
  const std::chrono::year year = std::chrono::year_month_day(day).year();
  const std::int64_t year_begins = sys_days(year / 1 / 1).time_since_epoch().count() * kSecondsPerDay;
  const int number = static_cast<int>(year);
  const std::int64_t begins = year_begins + seconds_into_year(rule_.summer_begins, number) - rule_.standard_offset;
  const std::int64_t ends = year_begins + seconds_into_year(rule_.summer_ends, number) - rule_.summer_offset;
  // In the south summer goes over the turn of the year.
  const bool is_summer = begins < ends ? begins <= time && time < ends : time < ends || begins <= time;
  return is_summer ? rule_.summer_offset : rule_.standard_offset;
}

}  // namespace skiff::api

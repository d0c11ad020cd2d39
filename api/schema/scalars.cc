#include "api/schema/scalars.h"

#include "api/base/clock.h"
#include "api/base/ids.h"
#include "api/duration.h"
#include "api/quantity.h"
#include "api/schema/go_text.h"

#include <algorithm>
#include <array>
#include <limits>

namespace skiff::api::schema::internal {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- times: what Go's time.Parse says of RFC 3339 texts ----

struct LayoutElement {
  std::string_view text;
  int digits;             // 0: the text itself
  std::string_view name;  // for "out of range"
  int minimum, maximum;
};

constexpr std::array<LayoutElement, 11> kLayout = {{
    {"2006", 4, "", 0, 9999},
    {"-", 0, "", 0, 0},
    {"01", 2, "month", 1, 12},
    {"-", 0, "", 0, 0},
    {"02", 2, "", 0, 99},  // its range depends on the month
    {"T", 0, "", 0, 0},
    {"15", 2, "hour", 0, 23},
    {":", 0, "", 0, 0},
    {"04", 2, "minute", 0, 59},
    {":", 0, "", 0, 0},
    {"05", 2, "second", 0, 59},
}};

// Removes the element from the front. False when it is not there.
bool take(const LayoutElement& element, std::string_view& rest, int& number) {
  if (element.digits == 0) {
    if (!rest.starts_with(element.text)) return false;
    rest.remove_prefix(element.text.size());
    return true;
  }
  const auto count = static_cast<std::size_t>(element.digits);
  if (rest.size() < count || !std::all_of(rest.begin(), rest.begin() + element.digits, is_digit)) return false;
  number = std::stoi(std::string(rest.substr(0, count)));
  rest.remove_prefix(count);
  return true;
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

// "Z" or "+02:00".
bool take_zone(std::string_view& rest) {
  if (rest.starts_with('Z')) {
    rest.remove_prefix(1);
    return true;
  }
  if (rest.size() < 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return false;
  if (!is_digit(rest[1]) || !is_digit(rest[2]) || !is_digit(rest[4]) || !is_digit(rest[5])) return false;
  rest.remove_prefix(6);
  return true;
}

// Empty when the text is a time. `micro`: six digits behind the point, no more and no less.
std::string time_error(std::string_view text, bool micro) {
  const std::string prefix = "parsing time " + to_json_text(text);
  const std::string as = prefix + " as \"2006-01-02T15:04:05" + (micro ? ".000000" : "") + "Z07:00\": ";
  const auto cannot_parse = [&](std::string_view rest, std::string_view element) {
    return as + "cannot parse " + to_json_text(rest) + " as \"" + std::string(element) + "\"";
  };
  std::string_view rest = text;
  for (const LayoutElement& element : kLayout) {
    const std::string_view before = rest;
    int number = 0;
    if (!take(element, rest, number)) return cannot_parse(before, element.text);
    if (number < element.minimum || number > element.maximum) {
      return prefix + ": " + std::string(element.name) + " out of range";
    }
  }
  const std::size_t digits = rest.starts_with('.') ? count_digits(rest.substr(1)) : 0;
  if (micro && digits < 6) return cannot_parse(rest, ".000000");
  if (digits > 0) rest.remove_prefix(1 + (micro ? 6 : digits));
  if (!take_zone(rest)) return cannot_parse(rest, "Z07:00");
  if (!rest.empty()) return prefix + ": extra text: " + to_json_text(rest);
  return parse_time(text) ? "" : prefix + ": day out of range";
}

std::string decode_time(Json& value, bool micro) {
  if (!value.is_string()) {
    return "json: cannot unmarshal " + go_name_of_value(value) + " into Go value of type string";
  }
  const std::string& text = value.get_ref<const std::string&>();
  if (std::string problem = time_error(text, micro); !problem.empty()) return problem;
  const TimePoint time = *parse_time(text);
  value = micro ? format_micro_time(time) : format_time(time);
  return "";
}

// ---- durations: "1h15m30.918273645s" ----

std::string decode_duration(const Json& value) {
  if (!value.is_string()) {
    return "json: cannot unmarshal " + go_name_of_value(value) + " into Go value of type string";
  }
  if (parse_go_duration(value.get_ref<const std::string&>())) return "";
  return "time: invalid duration " + to_json_text(value);
}

// ---- the others ----

std::string decode_quantity(Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : to_json_text(value);
  constexpr std::string_view kSpace = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
  text.erase(text.find_last_not_of(kSpace) + 1);
  const std::optional<Quantity> quantity = Quantity::parse(text);
  if (!quantity) return std::string(Quantity::parse_error(text));
  value = quantity->to_string();
  return "";
}

std::string decode_int_or_string(const Json& value) {
  if (value.is_string()) return "";
  if (is_integer_of<std::int32_t>(value)) return "";
  const std::string name = value.is_number() ? "number " + to_json_text(value) : go_name_of_value(value);
  return "json: cannot unmarshal " + name + " into Go value of type int32";
}

// Standard base64 with padding; line breaks are skipped.
std::string decode_bytes(Json& value) {
  std::string text = value.get<std::string>();
  std::string bytes;
  if (text.find_first_of("\r\n") == text.npos) {
    if (base64_decode(text, bytes)) return "";
  } else {
    std::string plain = text;
    std::erase_if(plain, [](char c) { return c == '\r' || c == '\n'; });
    if (base64_decode(plain, bytes)) {
      value = std::move(plain);
      return "";
    }
  }
  const std::size_t bad =
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n");
  return "illegal base64 data at input byte " + std::to_string(std::min(bad, text.size()));
}

}  // namespace

Json zero_value(TypeKind kind) {
  switch (kind) {
    case TypeKind::kString:
    case TypeKind::kBytes:
      return "";
    case TypeKind::kBool:
      return false;
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kDouble:
    case TypeKind::kIntOrString:
      return 0;
    case TypeKind::kDuration:
      return "0s";
    case TypeKind::kQuantity:
      return "0";
    case TypeKind::kStruct:
      return Json::object();
    default:
      return nullptr;
  }
}

std::string decode_scalar(TypeKind kind, Json& value) {
  switch (kind) {
    case TypeKind::kTime:
      return decode_time(value, false);
    case TypeKind::kMicroTime:
      return decode_time(value, true);
    case TypeKind::kDuration:
      return decode_duration(value);
    case TypeKind::kQuantity:
      return decode_quantity(value);
    case TypeKind::kIntOrString:
      return decode_int_or_string(value);
    default:
      return decode_bytes(value);
  }
}

}  // namespace skiff::api::schema::internal

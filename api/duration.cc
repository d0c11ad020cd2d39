#include "api/duration.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <limits>
#include <string>

namespace skiff::api {

namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};
// In an order in which none is the beginning of a later one.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1e3},
                                         {"\xc2\xb5s", 1e3},
                                         {"\xce\xbcs", 1e3},
                                         {"ms", 1e6},
                                         {"s", 1e9},
                                         {"m", 60e9},
                                         {"h", 3600e9}}};

std::string_view take_number(std::string_view& text) {
  std::size_t length = 0;
  bool has_point = false;
  for (; length < text.size(); ++length) {
    const bool is_point = text[length] == '.' && !has_point;
    if (!is_point && std::isdigit(static_cast<unsigned char>(text[length])) == 0) break;
    has_point = has_point || is_point;
  }
  const std::string_view number = text.substr(0, length);
  text.remove_prefix(length);
  return number;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  long double sum = 0;
  while (!text.empty()) {
    const std::string_view number = take_number(text);
    if (number.empty() || number == ".") return std::nullopt;
    const auto unit =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& each) { return text.starts_with(each.name); });
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    sum += std::stold(std::string(number)) * unit->nanoseconds;
  }
  if (sum >= static_cast<long double>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const auto nanoseconds = static_cast<std::int64_t>(sum);
  return std::chrono::nanoseconds(negative ? -nanoseconds : nanoseconds);
}

}  // namespace skiff::api

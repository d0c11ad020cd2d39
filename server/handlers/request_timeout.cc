#include "server/handlers/request_timeout.h"

#include "api/base/json.h"

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace skiff::server {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  double nanoseconds;
};

// The micro sign and the Greek letter are both taken.
constexpr Unit kUnits[] = {{"ns", 1},   {"us", 1e3}, {"\u00b5s", 1e3}, {"\u03bcs", 1e3},
                           {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},      {"h", 3600e9}};

bool is_number_part(char c) { return c == '.' || (c >= '0' && c <= '9'); }

std::string_view take_while(std::string_view& text, bool number) {
  std::size_t length = 0;
  while (length < text.size() && is_number_part(text[length]) == number) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

// Nothing for ".", "1.2.3" and the like.
std::optional<double> number_of(std::string_view digits) {
  if (digits.find_first_not_of('.') == std::string_view::npos || digits.find('.') != digits.rfind('.')) {
    return std::nullopt;
  }
  return std::strtod(std::string(digits).c_str(), nullptr);
}

Error bad_duration(const std::string& what, std::string_view text) {
  return Error{ErrorCode::kInvalid, "time: " + what + " duration " + to_json_text(Json(std::string(text)))};
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return nanoseconds(0);
  if (rest.empty()) return bad_duration("invalid", text);

  double total = 0;
  while (!rest.empty()) {
    const std::optional<double> number = number_of(take_while(rest, true));
    if (!number) return bad_duration("invalid", text);
    const std::string_view name = take_while(rest, false);
    if (name.empty()) return bad_duration("missing unit in", text);
    const Unit* unit = nullptr;
    for (const Unit& each : kUnits) {
      if (each.name == name) unit = &each;
    }
    if (unit == nullptr) return bad_duration("unknown unit " + to_json_text(Json(std::string(name))) + " in", text);
    total += *number * unit->nanoseconds;
  }
  if (total >= static_cast<double>(nanoseconds::max().count())) return bad_duration("invalid", text);
  return nanoseconds(std::llround(negative ? -total : total));
}

api::Result<nanoseconds> request_time(const Request& request) {
  const std::optional<std::string> text = request.query_value("timeout");
  if (!text) return nanoseconds(kMaxRequestTime);
  const Result<nanoseconds> asked = parse_duration(*text);
  if (!asked) return api::bad_request("invalid timeout specified in the request URL - " + asked.error().message);
  const bool counts = *asked > nanoseconds(0) && *asked < kMaxRequestTime;
  return counts ? *asked : nanoseconds(kMaxRequestTime);
}

}  // namespace skiff::server

#include "server/handlers/request_timeout.h"

#include "api/base/json.h"
#include "api/duration.h"

#include <optional>
#include <string>

namespace skiff::server {
namespace {

using std::chrono::nanoseconds;

// In Go's words; the commonest mistake has words of its own.
api::Status no_duration(const std::string& text) {
  const std::size_t first = text.find_first_of("0123456789");
  const bool only_number =
      first != std::string::npos && text.find_first_not_of("0123456789.", first) == std::string::npos;
  return api::bad_request("invalid timeout specified in the request URL - time: " +
                          std::string(only_number ? "missing unit in" : "invalid") + " duration " +
                          to_json_text(Json(text)));
}

}  // namespace

api::Result<nanoseconds> request_time(const Request& request) {
  const std::optional<std::string> text = request.query_value("timeout");
  if (!text) return nanoseconds(kMaxRequestTime);
  const std::optional<nanoseconds> asked = api::parse_go_duration(*text);
  if (!asked) return no_duration(*text);
  const bool counts = *asked > nanoseconds(0) && *asked < kMaxRequestTime;
  return counts ? *asked : nanoseconds(kMaxRequestTime);
}

}  // namespace skiff::server

#include "server/handlers/in_flight.h"

#include "server/handlers/health.h"
#include "server/handlers/responses.h"

namespace skiff::server {
namespace {

constexpr const char* kRetryAfterSeconds = "1";

bool is_mutating(const RequestInfo& info) {
  return info.verb != "get" && info.verb != "list" && info.verb != "watch" && info.verb != "head";
}

bool is_exempt(const Request& request, const RequestInfo& info) {
  return is_long_running(info) || is_health_path(request.path) || request.user.in_group("system:masters");
}

}  // namespace

bool is_long_running(const RequestInfo& info) {
  if (!info.is_resource) return false;
  for (const char* streamed : {"log", "exec", "attach", "portforward"}) {
    if (info.subresource == streamed) return true;
  }
  return info.verb == "watch";
}

std::shared_ptr<const void> InFlight::enter(const Request& request, const RequestInfo& info) {
  Count& count = is_mutating(info) ? mutating_ : reading_;
  if (count.limit == 0 || is_exempt(request, info)) return std::shared_ptr<const void>(std::shared_ptr<void>(), this);
  if (count.now.fetch_add(1) >= count.limit) {
    count.now.fetch_sub(1);
    return nullptr;
  }
  return std::shared_ptr<Count>(&count, [](Count* left) { left->now.fetch_sub(1); });
}

Response too_many_requests() {
  Response response = text_response(429, "Too many requests, please try again later.\n");
  response.headers.set("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace skiff::server

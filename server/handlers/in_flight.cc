#include "server/handlers/in_flight.h"

#include "server/handlers/health.h"
#include "server/handlers/responses.h"

#include <algorithm>

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

int InFlight::Seats::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

bool InFlight::Seats::take(const api::User& user) {
  const std::lock_guard lock(mutex_);
  if (taken_ >= limit_) return false;
  const auto found = taken_by_.find(user.name);
  if (found != taken_by_.end() && !user.in_group("system:nodes")) {
    const int shared = std::max(1, limit_ - limit_ / 4);
    const auto users = static_cast<int>(taken_by_.size());
    if (found->second >= (shared + users - 1) / users) return false;
  }
  ++taken_;
  ++taken_by_[user.name];
  return true;
}

void InFlight::Seats::leave(const std::string& user_name) {
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto found = taken_by_.find(user_name);
  if (--found->second == 0) taken_by_.erase(found);
}

std::shared_ptr<const void> InFlight::enter(const Request& request, const RequestInfo& info) {
  Seats& seats = is_mutating(info) ? mutating_ : reading_;
  if (seats.unlimited() || is_exempt(request, info)) return std::shared_ptr<const void>(std::shared_ptr<void>(), this);
  if (!seats.take(request.user)) return nullptr;
  return std::shared_ptr<Seats>(&seats, [user = request.user.name](Seats* left) { left->leave(user); });
}

Response too_many_requests() {
  Response response = text_response(429, "Too many requests, please try again later.\n");
  response.headers.set("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace skiff::server

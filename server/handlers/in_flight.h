#pragma once

#include "server/handlers/request_info.h"
#include "server/http/http.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace skiff::server {

// How many requests may be answered at a time; 0: any number. Upstream's defaults.
struct InFlightLimits {
  int reading = 400;   // --max-requests-inflight
  int mutating = 200;  // --max-mutating-requests-inflight
};

// Keeps an overloaded server answering: requests beyond the limits are turned away at once, to come again. As upstream,
// it does not count requests that last (watches, logs) nor health checks, and never turns away system:masters.
//
// Seats are shared out fairly. A user who floods the server gets three quarters of them at most; where several want
// more than there is, each gets an equal part of these. The last quarter is for those who have no seat yet, and for
// nodes, whose heartbeats nobody's flood may hold up. (Upstream's priority and fairness has queues and is configured;
// our requests take milliseconds, so that coming again costs as little as queueing.)
// Thread-safe; outlives the seats that it gave.
class InFlight {
 public:
  explicit InFlight(const InFlightLimits& limits) : reading_(limits.reading), mutating_(limits.mutating) {}

  // What to hold for as long as the request is being answered; null when there is no room for it.
  [[nodiscard]] std::shared_ptr<const void> enter(const Request& request, const RequestInfo& info);

  // Seats that are taken.
  [[nodiscard]] int reading() const { return reading_.taken(); }
  [[nodiscard]] int mutating() const { return mutating_.taken(); }

 private:
  class Seats {
   public:
    explicit Seats(int limit) : limit_(limit) {}
    [[nodiscard]] bool unlimited() const { return limit_ == 0; }
    [[nodiscard]] int taken() const;
    [[nodiscard]] bool take(const api::User& user);
    void leave(const std::string& user_name);

   private:
    const int limit_;
    mutable std::mutex mutex_;  // guards the rest
    int taken_ = 0;
    std::unordered_map<std::string, int> taken_by_;  // user names; nobody who has none
  };
  Seats reading_;
  Seats mutating_;
};

// A request that lasts as long as the client wants: a watch, or the log of a container.
[[nodiscard]] bool is_long_running(const RequestInfo& info);

// Upstream's 429, which clients answer by asking again.
[[nodiscard]] Response too_many_requests();

}  // namespace skiff::server

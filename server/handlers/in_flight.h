#pragma once

#include "server/handlers/request_info.h"
#include "server/http/http.h"

#include <atomic>
#include <memory>

namespace skiff::server {

// How many requests may be answered at a time; 0: any number. Upstream's defaults.
struct InFlightLimits {
  int reading = 400;   // --max-requests-inflight
  int mutating = 200;  // --max-mutating-requests-inflight
};

// Keeps an overloaded server answering: requests beyond the limits are turned away at once, to come again. As upstream,
// it does not count requests that last (watches, logs) nor health checks, and never turns away system:masters. It knows
// no fairness: who comes first is served. Thread-safe; outlives the seats that it gave.
class InFlight {
 public:
  explicit InFlight(const InFlightLimits& limits) : reading_{limits.reading}, mutating_{limits.mutating} {}

  // What to hold for as long as the request is being answered; null when there is no room for it.
  [[nodiscard]] std::shared_ptr<const void> enter(const Request& request, const RequestInfo& info);

  // Seats that are taken.
  [[nodiscard]] int reading() const { return reading_.now; }
  [[nodiscard]] int mutating() const { return mutating_.now; }

 private:
  struct Count {
    const int limit;
    std::atomic<int> now = 0;
  };
  Count reading_;
  Count mutating_;
};

// A request that lasts as long as the client wants: a watch, or the log of a container.
[[nodiscard]] bool is_long_running(const RequestInfo& info);

// Upstream's 429, which clients answer by asking again.
[[nodiscard]] Response too_many_requests();

}  // namespace skiff::server

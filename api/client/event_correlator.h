#pragma once

#include "api/base/clock.h"
#include "api/client/recently_used.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace skiff::api {

// What an Event is about: v1.ObjectReference.
struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string field_path;  // "spec.containers{nginx}"
};

enum class EventType { kNormal, kWarning };

// One thing that happened, before it is folded into an Event object.
struct Happening {
  ObjectReference object;
  EventType type = EventType::kNormal;
  std::string reason;  // "FailedScheduling"
  std::string message;
  std::string action = "";  // "Binding": what was being done; only newer Events say that
};

// Decides which happenings are the same Event object again, as client-go's EventCorrelator does with its default
// limits:
//  * an equal happening within kWindow counts up the Event of the first one;
//  * from the kMaxSimilar-th different message with the same object, type and reason within kWindow on, all share one
//  Event,
//    whose message begins with "(combined from similar events): ";
//  * each object may have kBurst events, and then one more every kRefill; what is above that is dropped.
// Synchronous and without a clock. Of what it was told it remembers hashes: two objects or messages with the same one
// would share an Event or a budget, which is no harm that anybody would meet in 64 bits.
class EventCorrelator {
 public:
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr std::size_t kMaxSimilar = 10;
  static constexpr int kBurst = 25;
  static constexpr std::chrono::minutes kRefill{5};
  static constexpr std::size_t kMaxRemembered = 4096;  // groups of similar messages; objects

  struct Decision {
    bool drop = false;
    std::string key;      // of the Event object that this happening belongs to
    std::string message;  // to be shown
  };
  [[nodiscard]] Decision decide(const Happening& happening, TimePoint now);

  // Forgets what makes no difference any more; decide() does that, too.
  void forget_old(TimePoint now);
  [[nodiscard]] std::size_t remembered() const { return similar_.size() + budgets_.size(); }

 private:
  struct Similar {
    std::vector<std::uint64_t> messages;  // hashes of different ones, fewer than kMaxSimilar
    TimePoint last;
  };
  struct Budget {
    double tokens = kBurst;
    TimePoint last;
  };

  // Whether it is one of too many different ones.
  [[nodiscard]] bool is_one_of_many(const std::string& group, const std::string& message, TimePoint now);
  [[nodiscard]] bool spend(const std::string& object, TimePoint now);

  RecentlyUsed<Similar> similar_{kWindow, kMaxRemembered};
  RecentlyUsed<Budget> budgets_{kBurst * kRefill, kMaxRemembered};  // after that a budget is full again
};

}  // namespace skiff::api

#pragma once

#include "api/base/clock.h"

#include <chrono>
#include <list>
#include <set>
#include <string>
#include <unordered_map>

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
// Synchronous and without a clock; remembers the latest kMaxRemembered Events and objects.
class EventCorrelator {
 public:
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr std::size_t kMaxSimilar = 10;
  static constexpr int kBurst = 25;
  static constexpr std::chrono::minutes kRefill{5};
  static constexpr std::size_t kMaxRemembered = 1024;

  struct Decision {
    bool drop = false;
    std::string key;      // of the Event object that this happening belongs to
    std::string message;  // to be shown
  };
  [[nodiscard]] Decision decide(const Happening& happening, TimePoint now);

 private:
  struct Similar {
    std::set<std::string> messages;
    TimePoint last;
  };
  struct Budget {
    double tokens = kBurst;
    TimePoint last;
  };
  // A map that forgets what was not used for the longest time.
  template <class Value>
  struct Recent {
    std::list<std::pair<std::string, Value>> order;
    std::unordered_map<std::string, typename std::list<std::pair<std::string, Value>>::iterator> places;
    Value& use(const std::string& key, const Value& initial);
  };

  Recent<Similar> similar_;
  Recent<Budget> budgets_;
};

}  // namespace skiff::api

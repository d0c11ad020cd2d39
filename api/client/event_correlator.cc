#include "api/client/event_correlator.h"

#include <algorithm>

namespace skiff::api {

namespace {

// Stands in no name, kind or reason; messages come last.
constexpr char kSeparator = '|';

std::string object_key(const ObjectReference& object) {
  std::string key;
  for (const std::string* part : {&object.api_version, &object.kind, &object.namespace_, &object.name, &object.uid}) {
    key += *part;
    key += kSeparator;
  }
  return key;
}

}  // namespace

template <class Value>
Value& EventCorrelator::Recent<Value>::use(const std::string& key, const Value& initial) {
  const auto place = places.find(key);
  if (place != places.end()) {
    order.splice(order.begin(), order, place->second);
    return order.front().second;
  }
  if (order.size() == kMaxRemembered) {
    places.erase(order.back().first);
    order.pop_back();
  }
  order.emplace_front(key, initial);
  places.emplace(key, order.begin());
  return order.front().second;
}

EventCorrelator::Decision EventCorrelator::decide(const Happening& happening, TimePoint now) {
  Decision decision;
  const std::string object = object_key(happening.object);
  const std::string kind_of_event = object + happening.object.field_path + kSeparator +
                                    (happening.type == EventType::kNormal ? "Normal" : "Warning") + kSeparator +
                                    happening.reason + kSeparator;
  Similar& similar = similar_.use(kind_of_event, Similar{{}, now});
  if (now - similar.last > kWindow) similar.messages.clear();
  similar.last = now;
  similar.messages.insert(happening.message);
  if (similar.messages.size() < kMaxSimilar) {
    decision.key = kind_of_event + happening.message;
    decision.message = happening.message;
  } else {
    // The set only has to tell "many", so it need not grow further.
    similar.messages.erase(similar.messages.begin());
    decision.key = kind_of_event;
    decision.message = "(combined from similar events): " + happening.message;
  }

  Budget& budget = budgets_.use(object, Budget{kBurst, now});
  const double refilled = std::chrono::duration<double>(now - budget.last) / std::chrono::duration<double>(kRefill);
  budget.tokens = std::min<double>(kBurst, budget.tokens + std::max(0.0, refilled));
  budget.last = now;
  if (budget.tokens < 1) {
    decision.drop = true;
  } else {
    budget.tokens -= 1;
  }
  return decision;
}

}  // namespace skiff::api

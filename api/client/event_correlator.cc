#include "api/client/event_correlator.h"

#include <algorithm>
#include <functional>

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

bool EventCorrelator::is_one_of_many(const std::string& group, const std::string& message, TimePoint now) {
  Similar& similar = similar_.use(group, Similar{{}, now}, now);
  if (now - similar.last > kWindow) similar.messages.clear();
  similar.last = now;
  const std::uint64_t hash = std::hash<std::string>{}(message);
  if (std::find(similar.messages.begin(), similar.messages.end(), hash) != similar.messages.end()) return false;
  if (similar.messages.size() + 1 == kMaxSimilar) return true;
  similar.messages.push_back(hash);
  return false;
}

bool EventCorrelator::spend(const std::string& object, TimePoint now) {
  Budget& budget = budgets_.use(object, Budget{kBurst, now}, now);
  const double refilled = std::chrono::duration<double>(now - budget.last) / std::chrono::duration<double>(kRefill);
  budget.tokens = std::min<double>(kBurst, budget.tokens + std::max(0.0, refilled));
  budget.last = now;
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  return true;
}

EventCorrelator::Decision EventCorrelator::decide(const Happening& happening, TimePoint now) {
  const std::string object = object_key(happening.object);
  std::string group = object + happening.object.field_path + kSeparator;
  group += happening.type == EventType::kNormal ? "Normal" : "Warning";
  group += kSeparator + happening.reason + kSeparator;
  Decision decision;
  if (is_one_of_many(group, happening.message, now)) {
    decision.message = "(combined from similar events): " + happening.message;
    decision.key = std::move(group);
  } else {
    decision.message = happening.message;
    decision.key = group + happening.message;
  }
  decision.drop = !spend(object, now);
  return decision;
}

void EventCorrelator::forget_old(TimePoint now) {
  similar_.forget_old(now);
  budgets_.forget_old(now);
}

}  // namespace skiff::api

#include "scheduler/scheduling_queue.h"

#include "api/base/check.h"
#include "api/client/work_queue.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace skiff::scheduler {

void SchedulingQueue::add(const PodInfoPtr& pod) {
  const auto [known, is_new] = pods_.try_emplace(pod->uid);
  if (!is_new) return;
  Entry& entry = known->second;
  entry.pod = pod;
  entry.sequence = next_sequence_++;
  activate(entry);
}

void SchedulingQueue::update(const PodInfoPtr& pod, bool retry) {
  const auto known = pods_.find(pod->uid);
  if (known == pods_.end()) return;
  Entry& entry = known->second;
  const bool moves = entry.place == Place::kUnschedulable && retry;
  const bool requeue = entry.place == Place::kActive || moves;
  if (requeue) leave(entry);
  entry.pod = pod;
  if (requeue) activate(entry);
}

void SchedulingQueue::remove(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return;
  leave(known->second);
  pods_.erase(known);
}

PodInfoPtr SchedulingQueue::pop(Time now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Entry& entry = pods_.at(waiting_.begin()->second);
    leave(entry);
    activate(entry);
  }
  if (active_.empty()) return nullptr;
  Entry& entry = pods_.at(std::get<std::string>(*active_.begin()));
  leave(entry);
  enter(entry, Place::kInHand);
  SchedulingAttempt& attempt = entry.attempt;
  attempt.begin = now;
  if (attempt.number == 0) attempt.first_begin = now;
  entry.backoff_until = now + api::exponential_delay(kInitialBackoff, kMaxBackoff, attempt.number);
  ++attempt.number;
  return entry.pod;
}

void SchedulingQueue::reject(const std::string& uid, ClusterEvents events, Time now) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return;
  Entry& entry = known->second;
  CHECK_INVARIANT(entry.place == Place::kInHand);
  leave(entry);
  entry.events = events;
  wait(entry, Place::kUnschedulable, now + kUnschedulableLimit);
  unschedulable_[events].insert(uid);
}

void SchedulingQueue::put_back(const std::string& uid, Time now) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return;
  CHECK_INVARIANT(known->second.place == Place::kInHand);
  leave(known->second);
  back_off(known->second, now);
}

void SchedulingQueue::happened(ClusterEvents events, Time now) {
  std::vector<std::string> helped;
  for (const auto& [wanted, uids] : unschedulable_) {
    if ((wanted & events) != 0) helped.insert(helped.end(), uids.begin(), uids.end());
  }
  for (const std::string& uid : helped) {
    Entry& entry = pods_.at(uid);
    leave(entry);
    back_off(entry, now);
  }
}

std::optional<SchedulingQueue::Time> SchedulingQueue::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

SchedulingQueue::ActiveKey SchedulingQueue::active_key(const Entry& entry) {
  return {-entry.pod->priority, entry.sequence, entry.pod->uid};
}

void SchedulingQueue::enter(Entry& entry, Place place) {
  entry.place = place;
  ++counts_[static_cast<std::size_t>(place)];
}

// Takes the entry out of the container of its place.
void SchedulingQueue::leave(Entry& entry) {
  --counts_[static_cast<std::size_t>(entry.place)];
  const std::string& uid = entry.pod->uid;
  switch (entry.place) {
    case Place::kActive:
      active_.erase(active_key(entry));
      break;
    case Place::kUnschedulable: {
      const auto group = unschedulable_.find(entry.events);
      group->second.erase(uid);
      if (group->second.empty()) unschedulable_.erase(group);
      waiting_.erase({entry.due, uid});
      break;
    }
    case Place::kBackingOff:
      waiting_.erase({entry.due, uid});
      break;
    case Place::kInHand:
      break;
  }
}

void SchedulingQueue::activate(Entry& entry) {
  enter(entry, Place::kActive);
  active_.insert(active_key(entry));
}

void SchedulingQueue::wait(Entry& entry, Place place, Time due) {
  enter(entry, place);
  entry.due = due;
  waiting_.emplace(due, entry.pod->uid);
}

void SchedulingQueue::back_off(Entry& entry, Time now) {
  if (entry.backoff_until <= now) {
    activate(entry);
  } else {
    wait(entry, Place::kBackingOff, entry.backoff_until);
  }
}

}  // namespace skiff::scheduler

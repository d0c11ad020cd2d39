#include "api/client/work_queue.h"

#include "api/base/check.h"

#include <algorithm>

namespace skiff::api {

std::chrono::nanoseconds exponential_delay(std::chrono::nanoseconds base, std::chrono::nanoseconds limit,
                                           unsigned failures) {
  auto delay = base;
  for (unsigned i = 0; i < failures && delay < limit; ++i) delay *= 2;
  return std::min(delay, limit);
}

void WorkQueue::add(const std::string& key, Time now) {
  if (!wanted_.try_emplace(key, now).second) return;
  if (metrics_ != nullptr) metrics_->added(wanted_.size());
  if (!processing_.contains(key)) ready_.push_back(key);
}

void WorkQueue::add_at(const std::string& key, Time due) {
  const auto known = due_.find(key);
  if (known != due_.end()) {
    if (known->second <= due) return;
    delayed_.erase({known->second, key});
  }
  due_[key] = due;
  delayed_.emplace(due, key);
}

void WorkQueue::retry(const std::string& key, Time now) {
  if (metrics_ != nullptr) metrics_->retried();
  const unsigned failures = failures_[key]++;
  add_at(key, now + exponential_delay(kBaseDelay, kMaxDelay, failures));
}

void WorkQueue::forget(const std::string& key) { failures_.erase(key); }

unsigned WorkQueue::failures(const std::string& key) const {
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

std::optional<std::string> WorkQueue::take(Time now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const std::string key = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    due_.erase(key);
    add(key, now);
  }
  if (ready_.empty()) return std::nullopt;
  std::string key = std::move(ready_.front());
  ready_.pop_front();
  const auto wanted = wanted_.extract(key);
  if (metrics_ != nullptr) metrics_->taken(wanted_.size(), wanted.mapped(), now);
  processing_.emplace(key, now);
  return key;
}

void WorkQueue::done(const std::string& key, Time now) {
  const auto processed = processing_.extract(key);
  CHECK_INVARIANT(!processed.empty());
  if (metrics_ != nullptr) metrics_->done(processed.mapped(), now);
  if (wanted_.contains(key)) ready_.push_back(key);
}

std::optional<WorkQueue::Time> WorkQueue::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace skiff::api

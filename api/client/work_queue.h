#pragma once

#include "api/client/work_queue_metrics.h"

#include <chrono>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace skiff::api {

// The delay before try number `failures` + 1: `base` doubled with each failure, never more than `limit`.
[[nodiscard]] std::chrono::nanoseconds exponential_delay(std::chrono::nanoseconds base, std::chrono::nanoseconds limit,
                                                         unsigned failures);

// Which keys wait to be synced, and when (client-go's rate-limiting work queue). It only decides: it neither waits nor
// knows the time, so the caller passes `now`. Not thread-safe.
//
//   add() --> queued --take()--> processing --done()--> gone, or queued again when it was added meanwhile
//   add_at(), retry() --> delayed --due--> queued
//
// A key stands in the queue at most once and is never handed out while it is processing.
class WorkQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kBaseDelay{5};
  static constexpr std::chrono::seconds kMaxDelay{1000};

  // `metrics` outlive the queue; null: nobody counts.
  explicit WorkQueue(QueueMetrics* metrics = nullptr) : metrics_(metrics) {}

  void add(const std::string& key, Time now);
  // Adds the key once `due` has come. Of several such requests for a key the earliest counts.
  void add_at(const std::string& key, Time due);
  // Adds the key after its back-off: kBaseDelay, doubled with each retry() since the last forget(), up to kMaxDelay.
  void retry(const std::string& key, Time now);
  // Ends the key's back-off: its next failure waits kBaseDelay again.
  void forget(const std::string& key);
  [[nodiscard]] unsigned failures(const std::string& key) const;

  // The next key, which is then processing until done(); nothing when none is due.
  [[nodiscard]] std::optional<std::string> take(Time now);
  void done(const std::string& key, Time now);

  // When the next delayed key becomes due; nothing when none is delayed.
  [[nodiscard]] std::optional<Time> next_due() const;
  // Keys that could be taken at once.
  [[nodiscard]] std::size_t ready() const { return ready_.size(); }

 private:
  QueueMetrics* metrics_;
  std::deque<std::string> ready_;
  std::unordered_map<std::string, Time> wanted_;      // in ready_, or processing and added again; since when
  std::unordered_map<std::string, Time> processing_;  // since when
  std::set<std::pair<Time, std::string>> delayed_;
  std::unordered_map<std::string, Time> due_;  // the entry of a key in delayed_
  std::unordered_map<std::string, unsigned> failures_;
};

}  // namespace skiff::api

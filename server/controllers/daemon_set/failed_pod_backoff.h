#pragma once

#include "api/base/clock.h"
#include "api/client/work_queue.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace skiff::controllers {

// How long a failed daemon pod stays before it is replaced, so that a pod that a node refuses is not made over and over
// again: kBase after the first failure, doubled with each further one. Keys say which DaemonSet on which node. Not
// thread-safe; takes the time as an argument.
class FailedPodBackoff {
 public:
  static constexpr std::chrono::seconds kBase{1};
  static constexpr std::chrono::minutes kMax{15};

  [[nodiscard]] static std::string key(const std::string& daemon_set_uid, const std::string& node) {
    return daemon_set_uid + "/" + node;
  }

  // When the next failed pod may go; nothing when it may now.
  [[nodiscard]] std::optional<TimePoint> wait_until(const std::string& key, TimePoint now) const {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return std::nullopt;
    const TimePoint end = entry->second.last + delay(entry->second);
    return end > now ? std::optional(end) : std::nullopt;
  }

  // A failed pod goes. Forgets the failures of those that have been well for long.
  void count(const std::string& key, TimePoint now) {
    std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last > 2 * kMax; });
    const auto [entry, is_first] = entries_.try_emplace(key);
    if (!is_first) ++entry->second.repeated;
    entry->second.last = now;
  }

 private:
  struct Entry {
    unsigned repeated = 0;
    TimePoint last;
  };
  [[nodiscard]] static TimePoint::duration delay(const Entry& entry) {
    return std::chrono::duration_cast<TimePoint::duration>(api::exponential_delay(kBase, kMax, entry.repeated));
  }

  std::map<std::string, Entry> entries_;
};

}  // namespace skiff::controllers

#include "scheduler/node_log.h"

#include <unordered_set>

namespace skiff::scheduler {

void NodeLog::add(Change change, std::size_t nodes) {
  changes_.push_back(change);
  while (changes_.size() > nodes) {
    changes_.pop_front();
    ++begin_;
  }
}

std::optional<std::vector<NodeLog::Change>> NodeLog::since(std::uint64_t position) const {
  if (position < begin_) return std::nullopt;
  std::vector<Change> newest;
  std::unordered_set<const NodeInfo*> seen;
  for (std::uint64_t at = end(); at > position; --at) {
    const Change& change = changes_[at - 1 - begin_];
    if (seen.insert(change.node).second) newest.push_back(change);
  }
  return newest;
}

}  // namespace skiff::scheduler

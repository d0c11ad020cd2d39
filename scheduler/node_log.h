#pragma once

#include "scheduler/node_info.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace skiff::scheduler {

// Which nodes changed, in order, so that whoever judged all nodes once has to look only at those that changed since
// then. It goes back as many changes as there are nodes: who missed more is better off looking at every node again.
class NodeLog {
 public:
  struct Change {
    const NodeInfo* node = nullptr;  // only an identity when it is gone
    bool gone = false;
  };

  void add(Change change, std::size_t nodes);

  // After the newest change.
  [[nodiscard]] std::uint64_t end() const { return begin_ + changes_.size(); }
  // The newest change of each node that changed at or after `position`. Nothing when the log does not go back so far.
  [[nodiscard]] std::optional<std::vector<Change>> since(std::uint64_t position) const;

 private:
  std::deque<Change> changes_;
  std::uint64_t begin_ = 1;  // the position of the first one kept; who was never here is at 0
};

}  // namespace skiff::scheduler

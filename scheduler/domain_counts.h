#pragma once

#include "scheduler/node_info.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::scheduler {

// Pods that matter to one constraint or term, counted by domain: the nodes that have the same value of a label. It is
// told what is on a node whenever that changes, so that nobody has to look at the others.
class DomainCounts {
 public:
  struct Domain {
    std::uint64_t id = 0;
    std::int64_t count = 0;
    std::vector<const NodeInfo*> members;  // of narrow domains
    std::size_t nodes = 0;
    std::size_t counted_nodes = 0;
  };

  // `narrow`: as a rule a domain is a single node. Of such domains it knows the nodes.
  explicit DomainCounts(bool narrow) : narrow_(narrow) {}

  [[nodiscard]] bool narrow() const { return narrow_; }

  // `value`: of the node's label; null when it has none. The domain of a node that does not count may still be asked
  // for.
  void set(const NodeInfo* node, const std::string* value, bool counts, std::int64_t amount);
  void erase(const NodeInfo* node);

  // Null: the node has no such label, or is not known. Valid until its last node leaves it.
  [[nodiscard]] const Domain* domain_of(const NodeInfo* node) const;
  // Of the domains with nodes that count: how many there are, the lowest count (0 when there is none), and the sum.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::int64_t least() const { return by_count_.empty() ? 0 : by_count_.begin()->first; }
  [[nodiscard]] std::int64_t total() const { return total_; }

 private:
  using Domains = std::unordered_map<std::string, Domain>;
  struct Member {
    Domains::value_type* domain = nullptr;
    std::int64_t amount = 0;
    bool counts = false;
  };

  void enter(const NodeInfo* node, const Member& member);
  void leave(const NodeInfo* node, const Member& member);
  void change(Domain& domain, std::int64_t amount, std::ptrdiff_t counted_nodes);

  bool narrow_;
  Domains domains_;  // by value
  std::unordered_map<const NodeInfo*, Member> members_;
  std::map<std::int64_t, std::size_t> by_count_;  // how many domains that count have so many pods
  std::size_t size_ = 0;
  std::int64_t total_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace skiff::scheduler

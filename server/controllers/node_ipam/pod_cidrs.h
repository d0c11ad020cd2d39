#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace skiff::controllers {

// The pod network cut into one /24 for each node, and which of them are in use. The search for a free one goes on where
// the last one ended: giving one out costs the same however many nodes there are, and what a node gave back is not
// given out again at once.
class PodCidrs {
 public:
  // The cluster's pod network, IPv4 ("10.244.0.0/16"). One that is none, or is smaller than a /24, has nothing to give.
  explicit PodCidrs(const std::string& cluster_cidr);

  // The next one that is free, which is then in use; "" when there is none.
  [[nodiscard]] std::string take_next();
  // A node has this one; networks that are not ours do not matter. As many times as it is taken it has to be released.
  void take(const std::string& cidr);
  void release(const std::string& cidr);

  // How many have been looked at so far; for tests that guard the cost.
  [[nodiscard]] std::size_t visited() const { return visited_; }

 private:
  [[nodiscard]] std::optional<std::uint32_t> index_of(const std::string& cidr) const;

  std::uint32_t first_ = 0;  // address
  std::uint32_t count_ = 0;
  std::uint32_t next_ = 0;
  std::unordered_map<std::uint32_t, unsigned> users_;  // by index; only those in use
  std::size_t visited_ = 0;
};

}  // namespace skiff::controllers

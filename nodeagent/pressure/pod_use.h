#pragma once

#include "api/client.h"
#include "nodeagent/pressure/eviction_threshold.h"

#include <cstdint>
#include <string>
#include <vector>

// Whom an eviction hits, and what it says. Pure.
namespace skiff::nodeagent {

// What a pod, or one of its containers, uses at present.
struct ResourceUse {
  std::int64_t memory_bytes = 0;  // working set
  std::int64_t disk_bytes = 0;    // what is written into images, logs and (of pods) emptyDirs
  std::int64_t inodes = 0;
  std::int64_t processes = 0;

  ResourceUse& operator+=(const ResourceUse& other);
  // Of what the signal is about.
  [[nodiscard]] std::int64_t of(EvictionSignal signal) const;
};

struct PodUse {
  struct Container {
    std::string name;
    std::string writable_layer;  // Runtime::writable_layer()
    ResourceUse use;
  };
  api::ObjectPtr pod;
  ResourceUse use;
  std::vector<Container> containers;
};

// Sorts the pods, whoever is to go first in front, as upstream: those that use more than they request before the
// others (not so for processes, which nobody requests), then by priority, then by how much they use beyond their
// requests.
void rank_for_eviction(std::vector<PodUse>& pods, EvictionSignal signal);

// status.message of an evicted pod: what was short, and which of its containers use more of it than they request.
[[nodiscard]] std::string eviction_message(const PodUse& evicted, const EvictionThreshold& crossed,
                                           const NodeAmount& measured);

}  // namespace skiff::nodeagent

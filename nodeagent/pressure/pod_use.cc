#include "nodeagent/pressure/pod_use.h"

#include "api/views/pod_resources.h"
#include "nodeagent/pods/pod_view.h"

#include <algorithm>
#include <tuple>

namespace skiff::nodeagent {

namespace {

// Nobody requests inodes or processes.
api::Quantity requested(const api::ResourceAmounts& requests, EvictionSignal signal) {
  const auto found = requests.find(resource_of(signal));
  return found != requests.end() ? found->second : api::Quantity();
}

// What decides the order; the smaller one goes first.
using Rank = std::tuple<bool, std::int64_t, std::int64_t>;

Rank rank_of(const PodUse& pod, EvictionSignal signal) {
  const auto requests = api::pod_amounts_with_overhead(*pod.pod, api::ResourceSide::kRequests);
  const std::int64_t excess = pod.use.of(signal) - requested(requests, signal).value();
  const bool within_requests = signal != EvictionSignal::kPidAvailable && excess <= 0;
  return {within_requests, integer_at(*pod.pod, {"spec", "priority"}), -excess};
}

bool is_inode_signal(EvictionSignal signal) {
  return signal == EvictionSignal::kNodeFsInodesFree || signal == EvictionSignal::kImageFsInodesFree;
}

// Bytes are shown with binary suffixes.
api::Quantity measured_quantity(EvictionSignal signal, std::int64_t amount) {
  const bool counted = is_inode_signal(signal) || signal == EvictionSignal::kPidAvailable;
  return counted ? api::Quantity::from_integer(amount) : api::Quantity::from_bytes(amount);
}

// "Container web was using 80Mi, request is 64Mi, has larger consumption of memory. ", if it has. Containers for
// debugging cannot request anything, and are not blamed for it.
std::string blame(const Json& pod, const PodUse::Container& container, EvictionSignal signal) {
  const Json* document = find_container(pod, container.name);
  if (document == nullptr || is_inode_signal(signal) || signal == EvictionSignal::kPidAvailable) return "";
  for (const Json& ephemeral : ephemeral_containers_of(pod)) {
    if (&ephemeral == document) return "";
  }
  const auto requests = api::container_amounts(*document, api::ResourceSide::kRequests);
  const api::Quantity request = requested(requests, signal);
  const api::Quantity used = api::Quantity::from_bytes(container.use.of(signal));
  if (used <= request) return "";
  std::string text = "Container " + container.name + " was using ";
  text += used.to_string() + ", request is " + request.to_string();
  text += ", has larger consumption of " + std::string(resource_of(signal)) + ". ";
  return text;
}

}  // namespace

ResourceUse& ResourceUse::operator+=(const ResourceUse& other) {
  memory_bytes += other.memory_bytes;
  disk_bytes += other.disk_bytes;
  inodes += other.inodes;
  processes += other.processes;
  return *this;
}

std::int64_t ResourceUse::of(EvictionSignal signal) const {
  if (signal == EvictionSignal::kMemoryAvailable) return memory_bytes;
  if (signal == EvictionSignal::kPidAvailable) return processes;
  return is_inode_signal(signal) ? inodes : disk_bytes;
}

void rank_for_eviction(std::vector<PodUse>& pods, EvictionSignal signal) {
  std::stable_sort(pods.begin(), pods.end(),
                   [signal](const PodUse& a, const PodUse& b) { return rank_of(a, signal) < rank_of(b, signal); });
}

std::string eviction_message(const PodUse& evicted, const EvictionThreshold& crossed, const NodeAmount& measured) {
  const EvictionSignal signal = crossed.signal;
  std::string message = "The node was low on resource: " + std::string(resource_of(signal)) + ". ";
  message += "Threshold quantity: " + crossed.amount_of(measured.capacity).to_string();
  message += ", available: " + measured_quantity(signal, measured.available).to_string() + ". ";
  for (const PodUse::Container& container : evicted.containers) message += blame(*evicted.pod, container, signal);
  return message;
}

}  // namespace skiff::nodeagent

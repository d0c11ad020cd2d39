#pragma once

#include "nodeagent/runtime/oci/host.h"
#include "nodeagent/runtime/runtime.h"

#include <mutex>
#include <string>
#include <string_view>

namespace skiff::nodeagent::oci {

// The cgroups above those of containers: each pod's, which holds its containers to what they may use together, and that
// of a class of pods, which weighs what its pods weigh. The agent's root above them is left as the kernel makes it.
//
// Operation: what a class weighs is read from its pods' own cgroups, so that those of an earlier agent count, too.
// Concurrency: on pool threads, several at a time. Blocks. It will not: touch cgroups of containers, which are the OCI
// runtime's.
class PodCgroups {
 public:
  // `root`: the agent's, below each hierarchy: "/skiff". `host` outlives it.
  PodCgroups(const CgroupHost& host, std::string root) : host_(host), root_(std::move(root)) {}

  // The cgroup of a pod, below each hierarchy: "/skiff/besteffort/pod<uid>".
  [[nodiscard]] std::string path_of(const PodCgroup& pod) const;

  // Makes the pod's cgroup where it is missing, and sets what its containers may use. The error names what the kernel
  // refused; what was made until then stays for remove().
  [[nodiscard]] Result<void> make(const PodCgroup& pod);
  // The pod's containers have ended, and its weight with them. What is gone already is fine.
  void release(const PodCgroup& pod);
  // Takes the pod's cgroup away where it is empty; its class stays.
  void remove(const PodCgroup& pod);

 private:
  [[nodiscard]] Result<void> set(const std::string& cgroup, const Resources& resources) const;
  [[nodiscard]] Result<void> weigh_class(const PodCgroup& pod);

  const CgroupHost& host_;
  const std::string root_;
  std::mutex weighing_;  // what is read from a class and written to it belongs together
};

}  // namespace skiff::nodeagent::oci

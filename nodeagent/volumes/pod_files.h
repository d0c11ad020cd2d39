#pragma once

#include "api/base/result.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/node_capacity.h"
#include "nodeagent/pods/pod_tokens.h"
#include "nodeagent/runtime/runtime.h"

#include <string>
#include <utility>
#include <vector>

namespace skiff::nodeagent {

// What of a pod lies on the node's disk:
//
//   <root>/pods/<uid>/
//     etc/{hosts,hostname,resolv.conf}             managed by the agent, mounted into every container
//     volumes/kubernetes.io~<type>/<volume>/       one directory per volume that is ours to make
//     containers/<container>/<attempt>.message     the termination message file of that run
//     logs/<container>/<attempt>.log               in the CRI's format, written by the runtime
//
// All functions block (disk, mounts) and are called on pool threads, for one pod one after the other; log_path() and
// the like only make names. Safe to repeat after a crash at any point.
class PodFiles {
 public:
  struct Options {
    std::string root;  // absolute
    std::string cluster_dns;
    std::string cluster_domain = "cluster.local";
    // What volumes may tell of the node (downward API).
    std::string host_ip;
    NodeCapacity capacity;
  };
  explicit PodFiles(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::string pod_directory(const std::string& uid) const { return options_.root + "/pods/" + uid; }
  [[nodiscard]] std::string log_directory(const std::string& uid) const { return pod_directory(uid) + "/logs"; }
  [[nodiscard]] std::string log_path(const std::string& uid, const std::string& container, std::uint32_t attempt) const;

  // Makes the pod's directories and volumes, and brings those that show ConfigMaps, Secrets, tokens and the pod's own
  // fields up to date. kNotFound: a ConfigMap, Secret or key that is not optional is missing. Messages as in the
  // kubelet's FailedMount events.
  [[nodiscard]] Result<void> set_up_volumes(const Json& pod, const ConfigSnapshot& configs,
                                            const TokenSnapshot& tokens) const;

  // Files of one run of a container; the mounts that it gets. `environment` expands subPathExpr.
  [[nodiscard]] Result<std::vector<Mount>> prepare_container(
      const Json& pod, const std::string& container, std::uint32_t attempt, const std::string& pod_ip,
      const std::vector<std::pair<std::string, std::string>>& environment) const;

  // Its last 4096 bytes, as upstream; "" when the container wrote none.
  [[nodiscard]] std::string read_termination_message(const std::string& uid, const std::string& container,
                                                     std::uint32_t attempt) const;

  // The log and message of a run that nobody can ask for any more.
  void discard_attempt(const std::string& uid, const std::string& container, std::uint32_t attempt) const;

  // Unmounts and removes all of the pod. A missing pod is success.
  [[nodiscard]] Result<void> remove_pod(const std::string& uid) const;
  // The uids of pods that have files.
  [[nodiscard]] std::vector<std::string> pods() const;

 private:
  [[nodiscard]] std::string message_path(const std::string& uid, const std::string& container,
                                         std::uint32_t attempt) const;

  Options options_;
};

}  // namespace skiff::nodeagent

#pragma once

#include "api/base/json.h"
#include "api/views/node_selector.h"
#include "api/views/taints.h"

#include <string>
#include <vector>

// Which nodes a DaemonSet's pods belong on, and what such a pod looks like. Pure functions of values.
namespace skiff::controllers {

inline constexpr const char* kRevisionHashLabel = "controller-revision-hash";

// What the DaemonSet's pods want of a node, parsed once for many nodes.
class DaemonFit {
 public:
  explicit DaemonFit(const Json& daemon_set);

  // A pod should be made there.
  [[nodiscard]] bool should_run(const Json& node) const;
  // A pod that is there may stay: only what is to drive out running pods counts.
  [[nodiscard]] bool may_stay(const Json& node) const;

 private:
  [[nodiscard]] bool wants(const Json& node) const;
  [[nodiscard]] bool tolerates(const Json& node, bool running) const;

  std::string node_name_;
  api::RequiredNodes required_;
  std::vector<api::Toleration> tolerations_;
};

// The DaemonSet's pod for a node. It is bound by the scheduler, which has no choice: the affinity names the node.
[[nodiscard]] Json daemon_pod(const Json& daemon_set, const std::string& node, const std::string& hash);

// The node that the pod runs on or was made for.
[[nodiscard]] std::string target_node(const Json& pod);

// Made from the DaemonSet's present template, whose ControllerRevision has this hash.
[[nodiscard]] bool is_updated(const Json& daemon_set, const Json& pod, const std::string& hash);

}  // namespace skiff::controllers

#pragma once

#include "api/client.h"
#include "scheduler/cluster_events.h"
#include "scheduler/pod_info.h"
#include "scheduler/resources.h"

#include <string>
#include <vector>

namespace skiff::scheduler {

// A node as the scheduler sees it: what it has, the sum of what its pods ask for, and how many there are of which
// traits. Kept up to date by Cache, a pod at a time; plugins only read it.
class NodeInfo {
 public:
  // Pods of equal traits.
  struct Residents {
    PodTraitsPtr traits;
    std::uint32_t pods = 0;
    std::uint32_t terminating = 0;  // of them
  };

  explicit NodeInfo(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  // False while only pods of a node are known that has no Node object (yet, or any more).
  [[nodiscard]] bool exists() const { return object_ != nullptr; }
  [[nodiscard]] api::NodeLabels labels() const;
  // Of that label; null when there is none.
  [[nodiscard]] const std::string* label(const std::string& key) const;
  [[nodiscard]] const std::vector<api::Taint>& taints() const { return taints_; }
  [[nodiscard]] bool unschedulable() const { return unschedulable_; }
  [[nodiscard]] const Resources& allocatable() const { return allocatable_; }
  [[nodiscard]] std::int64_t allowed_pods() const { return allowed_pods_; }

  [[nodiscard]] std::int64_t pod_count() const { return pod_count_; }
  [[nodiscard]] const Resources& requested() const { return requested_; }
  [[nodiscard]] const Resources& scoring_requested() const { return scoring_requested_; }
  [[nodiscard]] const std::vector<HostPort>& used_ports() const { return used_ports_; }
  [[nodiscard]] const std::vector<Residents>& residents() const { return residents_; }

  // Null: the Node object is gone. The answer is what changed for pods that wait.
  ClusterEvents set_object(api::ObjectPtr node);
  // Pods of equal traits share the object.
  void add_pod(const PodUse& pod);
  void remove_pod(const PodUse& pod);

 private:
  std::string name_;
  api::ObjectPtr object_;
  std::vector<api::Taint> taints_;
  bool unschedulable_ = false;
  Resources allocatable_;
  std::int64_t allowed_pods_ = 0;
  std::int64_t pod_count_ = 0;
  Resources requested_;
  Resources scoring_requested_;
  std::vector<HostPort> used_ports_;
  std::vector<Residents> residents_;
};

}  // namespace skiff::scheduler

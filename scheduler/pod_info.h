#pragma once

#include "api/client.h"
#include "api/resource.h"
#include "api/views/node_selector.h"
#include "api/views/taints.h"
#include "scheduler/pod_traits.h"
#include "scheduler/resources.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skiff::scheduler {

struct HostPort {
  std::string ip;  // "0.0.0.0" is every address
  std::string protocol;
  std::int64_t port = 0;

  [[nodiscard]] bool conflicts_with(const HostPort& other) const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// What a pod takes up on its node, and what it is there to others.
struct PodUse {
  Resources requests;
  Resources scoring_requests;
  std::vector<HostPort> host_ports;
  PodTraitsPtr traits;
  bool terminating = false;  // its deletion has begun
};

// A pod as the scheduler sees it while it looks for a node: parsed once, never changed.
struct PodInfo : PodUse {
  api::ObjectPtr object;
  api::NamespacedName name;
  std::string uid;
  std::string node_name;  // spec.nodeName
  std::int64_t priority = 0;
  std::vector<api::Toleration> tolerations;
  api::RequiredNodes required_nodes;
  std::vector<api::PreferredNodes> preferred_nodes;
  // All that plugins look at beside the traits, as text: of two pods with equal wishes, each node says the same.
  std::string wishes;

  explicit PodInfo(api::ObjectPtr pod);

  [[nodiscard]] bool tolerates(const api::Taint& taint) const;
};
using PodInfoPtr = std::shared_ptr<const PodInfo>;

}  // namespace skiff::scheduler

#pragma once

#include "api/client.h"
#include "api/client/informer.h"
#include "api/views/node_selector.h"
#include "scheduler/framework.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skiff::scheduler {

// A volume, and from where it can be reached, parsed once for all nodes.
struct PlacedVolume {
  explicit PlacedVolume(api::ObjectPtr volume_in);

  [[nodiscard]] bool is_reachable_from(const NodeInfo& node) const;

  api::ObjectPtr volume;
  std::optional<api::RequiredNodes> nodes;  // nothing: from everywhere
};

// What the claims of a pod ask of its node.
struct VolumeNeeds {
  // Why the pod can be placed nowhere: a claim that is missing, lost, being deleted or not bound yet.
  std::string problem;
  // The volumes that are bound to its claims.
  std::vector<PlacedVolume> bound;
  // Claims of classes that wait for their first consumer: this pod.
  std::vector<api::ObjectPtr> waiting;
  // The volumes that suit one of them.
  std::vector<PlacedVolume> candidates;

  [[nodiscard]] bool empty() const { return problem.empty() && bound.empty() && waiting.empty(); }
};

// Upstream's plugin VolumeBinding: the volumes that pods claim, as the informers show them. Concurrency: that of the
// informers.
//
//   claim bound           -> the pod goes where the volume's nodeAffinity allows
//   claim to be bound     -> the pod waits
//   claim waits for a pod -> the pod's node chooses the volume, the claim is bound to it, and then the pod is placed
class VolumeBinding {
 public:
  // Volume, claim and class informers come from the factory, which outlives this.
  explicit VolumeBinding(api::InformerFactory& informers);

  // `changed` is called when claims, volumes or classes change, so that pods that wait for them may be tried again.
  void on_change(const std::function<void()>& changed);

  [[nodiscard]] VolumeNeeds needs_of(const Json& pod) const;

  // The filter for one decision: nodes from which all volumes can be reached. `needs` outlives it.
  [[nodiscard]] static FilterPlugin filter(const VolumeNeeds& needs);

  // The claims that wait for a pod, each with its volume, for a pod on that node. Fewer than needs.waiting when there
  // are not enough volumes.
  using Choice = std::pair<api::ObjectPtr, api::ObjectPtr>;  // claim, volume
  [[nodiscard]] static std::vector<Choice> choose(const VolumeNeeds& needs, const NodeInfo& node);

 private:
  [[nodiscard]] static Verdict judge(const VolumeNeeds& needs, const NodeInfo& node);
  [[nodiscard]] std::string problem_of(const api::ObjectPtr& claim, const std::string& name, VolumeNeeds& needs) const;
  [[nodiscard]] bool waits_for_consumer(const Json& claim) const;

  api::Informer& claims_;
  api::Informer& volumes_;
  api::Informer& classes_;
};

}  // namespace skiff::scheduler

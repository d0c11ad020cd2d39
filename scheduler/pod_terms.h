#pragma once

#include "api/base/json.h"
#include "api/selector.h"
#include "scheduler/namespaces.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::scheduler {

struct PodTraits;

// As LabelSelector::from_object(), of nothing where there is none. One that cannot be read matches nothing; validation
// lets none pass.
[[nodiscard]] api::LabelSelector selector_of(const Json* object);

// v1.PodAffinityTerm: pods to be near to, or to stay away from.
struct PodTerm {
  std::vector<std::string> namespaces;
  std::optional<api::LabelSelector> namespace_selector;  // further namespaces
  api::LabelSelector selector;
  std::string topology_key;
  std::int64_t weight = 0;  // of a preferred term; of anti-affinity a negative one

  [[nodiscard]] bool matches(const PodTraits& pod, const Namespaces& all) const;
};

// All terms of a pod on other pods: spec.affinity.podAffinity and podAntiAffinity.
struct PodTerms {
  std::vector<PodTerm> required_affinity;
  std::vector<PodTerm> required_anti_affinity;
  std::vector<PodTerm> preferred;
  std::string text;  // equal for equal terms

  // Null when the pod has none.
  [[nodiscard]] static std::shared_ptr<const PodTerms> of_pod(const Json& pod);

  // Whether any of them is about that pod.
  [[nodiscard]] bool concern(const PodTraits& pod, const Namespaces& all) const;
  // Whether any of them depends on the labels of namespaces.
  [[nodiscard]] bool select_namespaces() const;
};
using PodTermsPtr = std::shared_ptr<const PodTerms>;

}  // namespace skiff::scheduler

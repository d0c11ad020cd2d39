#pragma once

#include "api/selector.h"
#include "scheduler/pod_terms.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace skiff::scheduler {

// What other pods' terms and constraints look at in a pod, and its own terms: the same for all pods of a ReplicaSet.
struct PodTraits {
  std::string namespace_;
  api::AttributeList labels;
  PodTermsPtr terms;  // null: it has none
  std::string text;   // equal for equal traits

  [[nodiscard]] static std::shared_ptr<const PodTraits> of_pod(const Json& pod);
};
using PodTraitsPtr = std::shared_ptr<const PodTraits>;

// The traits of all pods that are on nodes, each kept once, however many pods have them. Not thread-safe.
class TraitsPool {
 public:
  struct Terms {
    PodTermsPtr terms;
    std::size_t traits = 0;  // that have them
  };

  // Counts one more pod of these traits. Returns the object that all of them share.
  PodTraitsPtr add_pod(const PodTraitsPtr& traits);
  void remove_pod(const PodTraits& traits);

  // The terms that pods on nodes have, by their text.
  [[nodiscard]] const std::map<std::string, Terms>& terms() const { return terms_; }
  // Another one whenever there are new terms; not when some are gone.
  [[nodiscard]] std::uint64_t terms_version() const { return terms_version_; }
  [[nodiscard]] std::size_t size() const { return traits_.size(); }

 private:
  struct Entry {
    PodTraitsPtr traits;
    std::size_t pods = 0;
  };
  PodTraitsPtr with_shared_terms(const PodTraitsPtr& traits);

  std::unordered_map<std::string, Entry> traits_;  // by text
  std::map<std::string, Terms> terms_;
  std::uint64_t terms_version_ = 0;
};

}  // namespace skiff::scheduler

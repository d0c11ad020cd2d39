#pragma once

#include "api/base/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What makes a pod of a StatefulSet that pod: its name with the ordinal, its labels, its claims. Pure functions of
// values.
namespace skiff::controllers {

inline constexpr const char* kPodNameLabel = "statefulset.kubernetes.io/pod-name";
inline constexpr const char* kPodIndexLabel = "apps.kubernetes.io/pod-index";
inline constexpr const char* kPodRevisionLabel = "controller-revision-hash";

// The ordinals of the pods that the set wants: from `start` to before `end`.
struct OrdinalRange {
  std::int64_t start = 0;
  std::int64_t end = 0;

  [[nodiscard]] bool contains(std::int64_t ordinal) const { return start <= ordinal && ordinal < end; }
};
[[nodiscard]] OrdinalRange wanted_ordinals(const Json& set);

// 2 of the pod "web-2" of the set "web"; nothing when the pod is not called after the set.
[[nodiscard]] std::optional<std::int64_t> ordinal_of(const Json& set, const Json& pod);

// The name of the ControllerRevision that the pod was made from.
[[nodiscard]] std::string pod_revision_of(const Json& pod);

// The pod with that ordinal, made from the set's template, which is that of the revision.
[[nodiscard]] Json new_pod(const Json& set, std::int64_t ordinal, const std::string& revision);

// Whether the pod has the labels by which others find it.
[[nodiscard]] bool has_identity(const Json& pod);
void give_identity(Json& pod, std::int64_t ordinal);

// The claims of the pod with that ordinal, as they are made.
[[nodiscard]] std::vector<Json> claims_of_pod(const Json& set, std::int64_t ordinal);

// Puts the owners of a claim in order for the set's retention policy: the set, the pod that is scaled away, or none.
// True when that changed anything. `pod` is the claim's.
bool set_claim_owners(Json& claim, const Json& set, const Json& pod);
// Whether the claim is going together with an earlier pod of that name, so that a new one must wait.
[[nodiscard]] bool is_stale_claim(const Json& claim, const Json& set, const std::string& pod_name);

}  // namespace skiff::controllers

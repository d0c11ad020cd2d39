#pragma once

#include "api/base/json.h"

#include <cstdint>
#include <string>

namespace skiff::controllers {

inline constexpr const char* kTemplateHashLabel = "pod-template-hash";

// The pod template as it is compared: without the hash label and without members that say nothing (nulls; empty labels,
// annotations and metadata).
[[nodiscard]] Json comparable_template(const Json& pod_template);

// The value of the pod-template-hash label, in upstream's shape: a 32-bit number in the safe alphabet. It is our own
// hash (upstream's depends on the memory layout of Go's types), the same for equal templates on every version of skiff.
// `collision_count` is the owner's status.collisionCount.
[[nodiscard]] std::string template_hash(const Json& pod_template, std::int64_t collision_count);

}  // namespace skiff::controllers

#pragma once

#include "api/managed_fields/managers.h"
#include "api/managed_fields/updater.h"

#include <string>

// The subresource scale shows one field of its parent, under another version; so do its managers.
namespace skiff::api::managed_fields {

inline constexpr const char* kScaleVersion = "autoscaling/v1";

// Those who own the parent's spec.replicas, as managers of the Scale.
[[nodiscard]] Managers managers_of_scale(const Versions& parent_versions, const Managers& parent);

// The parent's managers after a write on its Scale left `scale`: who is not among them has lost spec.replicas, who is
// new among them has come to own it, in `api_version` of the parent.
[[nodiscard]] Managers managers_of_parent(const Versions& parent_versions, const Managers& parent,
                                          const Managers& scale, const std::string& api_version);

}  // namespace skiff::api::managed_fields

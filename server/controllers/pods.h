#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/resource.h"

#include <chrono>
#include <optional>
#include <string>

// What the controllers that keep pods ask of them, as pure functions of values.
namespace skiff::controllers {

// Not finished and not being deleted: it counts as one of the pods wanted.
[[nodiscard]] bool is_active(const Json& pod);

// Since when the pod has been ready; nothing when it is not.
[[nodiscard]] std::optional<TimePoint> ready_since(const Json& pod);

// When the pod will have been ready for `min_ready`; nothing when it is not ready.
[[nodiscard]] std::optional<TimePoint> available_at(const Json& pod, std::chrono::seconds min_ready, TimePoint now);
[[nodiscard]] bool is_available(const Json& pod, std::chrono::seconds min_ready, TimePoint now);

// A new pod as the owner's spec.template says, controlled by the owner, whose name begins its own.
[[nodiscard]] Json pod_from_template(const api::ResourceType& owner_type, const Json& owner);

// Why the last attempt to change the number of pods failed.
struct PodFailure {
  std::string reason;  // "FailedCreate", "FailedDelete"
  std::string message;
};

}  // namespace skiff::controllers

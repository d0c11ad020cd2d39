#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"
#include "api/resource.h"
#include "api/selector.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reading metadata of any object without spelling out paths. Plain functions of values: any thread, nothing is kept.
// What is absent or of a wrong type reads as empty.
namespace skiff::api {

[[nodiscard]] std::string name_of(const Json& object);
[[nodiscard]] std::string namespace_of(const Json& object);
[[nodiscard]] NamespacedName key_of(const Json& object);
[[nodiscard]] std::string uid_of(const Json& object);
[[nodiscard]] std::string resource_version_of(const Json& object);
[[nodiscard]] std::int64_t generation_of(const Json& object);
[[nodiscard]] std::optional<TimePoint> creation_time_of(const Json& object);

// The maps themselves; an empty object when there are none.
[[nodiscard]] const Json& labels_of(const Json& object);
[[nodiscard]] const Json& annotations_of(const Json& object);
// One value, or null.
[[nodiscard]] const std::string* label_of(const Json& object, std::string_view name);
[[nodiscard]] const std::string* annotation_of(const Json& object, std::string_view name);
// The labels in the form that selectors match.
[[nodiscard]] AttributeList label_attributes(const Json& object);

// Deletion has begun (metadata.deletionTimestamp is set); finalizers or a grace period keep the object.
[[nodiscard]] bool is_terminating(const Json& object);
[[nodiscard]] std::optional<TimePoint> deletion_time_of(const Json& object);
[[nodiscard]] bool has_finalizer(const Json& object, std::string_view finalizer);

// All owner references; an empty array when there are none.
[[nodiscard]] const Json& owner_references_of(const Json& object);
// The one with controller: true, or null.
[[nodiscard]] const Json* controller_of(const Json& object);
[[nodiscard]] bool is_controlled_by(const Json& object, const Json& owner);
// An owner reference to `owner` as its managing controller, which also blocks the owner's foreground deletion.
[[nodiscard]] Json controller_reference(const ResourceType& owner_type, const Json& owner);

}  // namespace skiff::api

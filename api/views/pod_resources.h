#pragma once

#include "api/base/json.h"
#include "api/quantity.h"

#include <functional>
#include <map>
#include <string>

// What pods ask for, as exact quantities by resource name. Plain functions of values.
namespace skiff::api {

using ResourceAmounts = std::map<std::string, Quantity, std::less<>>;

// Of a resource list ({"cpu": "500m"}); null has none.
[[nodiscard]] ResourceAmounts resource_amounts(const Json* list);
void add_amounts(ResourceAmounts& total, const ResourceAmounts& amounts);

enum class ResourceSide { kRequests, kLimits };

// Of one container.
[[nodiscard]] ResourceAmounts container_amounts(const Json& container, ResourceSide side);

// Of the whole pod: the containers together, or any one init container when it asks for more. Sidecars (init containers
// with restartPolicy Always) count together with what runs beside and after them. Without spec.overhead.
[[nodiscard]] ResourceAmounts pod_amounts(const Json& pod, ResourceSide side);
// With spec.overhead, of which limits that are not set get nothing.
[[nodiscard]] ResourceAmounts pod_amounts_with_overhead(const Json& pod, ResourceSide side);

}  // namespace skiff::api

#pragma once

#include "api/client.h"

#include <cstddef>
#include <vector>

// The content of Endpoints objects, as functions of values.
namespace skiff::controllers {

inline constexpr std::size_t kMaxEndpointsAddresses = 1000;

// The subsets for the pods that a Service selects, in upstream's packing: addresses that offer the same ports, in the
// same state of readiness, share a subset. In canonical order, so that equal input gives equal subsets.
[[nodiscard]] Json endpoint_subsets(const Json& service, const std::vector<api::ObjectPtr>& pods);

// Cuts the subsets down to kMaxEndpointsAddresses addresses, those that are not ready first, in proportion. True when
// something was cut off.
bool truncate_subsets(Json& subsets);

}  // namespace skiff::controllers

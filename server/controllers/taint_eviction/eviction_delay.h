#pragma once

#include "api/views/taints.h"

#include <chrono>
#include <optional>
#include <vector>

namespace skiff::controllers {

// How long a pod may stay on a node with these NoExecute taints: nothing for as long as it likes, 0 not at all. Of
// several tolerations of one taint the first counts, as upstream has it.
[[nodiscard]] std::optional<std::chrono::seconds> eviction_delay(const std::vector<api::Taint>& taints,
                                                                 const std::vector<api::Toleration>& tolerations);

}  // namespace skiff::controllers

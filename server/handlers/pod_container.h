#pragma once

#include "api/base/json.h"
#include "api/status.h"

#include <string>

namespace skiff::server {

// The container of a pod that a request means: the one that it names, which must exist, or the only one. kBadRequest
// with upstream's messages.
[[nodiscard]] api::Result<std::string> choose_container(const Json& pod, const std::string& pod_name,
                                                        const std::string& asked);

}  // namespace skiff::server

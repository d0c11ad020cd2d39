#pragma once

#include "api/base/json.h"

#include <string_view>

namespace skiff::server {

// The Kubernetes release whose API we present.
inline constexpr std::string_view kKubernetesVersion = "v1.32.0";

// What /version tells (version.Info upstream): major "1", minor "32", gitVersion "v1.32.0+skiff".
[[nodiscard]] Json version_document();

}  // namespace skiff::server

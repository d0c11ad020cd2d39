#pragma once

#include "api/base/json.h"
#include "api/base/result.h"
#include "nodeagent/images/image.h"
#include "nodeagent/pods/user_database.h"
#include "nodeagent/runtime/runtime.h"

namespace skiff::nodeagent {

// Under whom and with which rights a container runs: its securityContext over the pod's over what the image says. Pure.
// Errors have the kubelet's texts: a root user although runAsNonRoot is set, a user that the image does not know.
[[nodiscard]] Result<SecurityConfig> make_security(const Json& pod, const Json& container, const ImageConfig& image,
                                                   const UserDatabase& users);

}  // namespace skiff::nodeagent

#pragma once

#include "nodeagent/images/image.h"
#include "nodeagent/pods/config_objects.h"

#include <string>

namespace skiff::nodeagent {

// The user and password for the registry of `image` from the pod's imagePullSecrets (kubernetes.io/dockerconfigjson and
// the old kubernetes.io/dockercfg); empty ones when no secret speaks of that registry. Pure.
[[nodiscard]] RegistryCredentials image_credentials(const Json& pod, const std::string& image,
                                                    const ConfigSnapshot& configs);

}  // namespace skiff::nodeagent

#pragma once

#include "api/base/result.h"

#include <string>
#include <vector>

namespace skiff::nodeagent::oci {

// A root file system: `layers` (lowest first, unchanged) under the writable `upper`. The caller makes the directories.
[[nodiscard]] Result<void> mount_overlay(const std::vector<std::string>& layers, const std::string& upper,
                                         const std::string& work, const std::string& target);

// A tmpfs of 64 MiB for a pod's /dev/shm.
[[nodiscard]] Result<void> mount_shared_memory(const std::string& target);

}  // namespace skiff::nodeagent::oci

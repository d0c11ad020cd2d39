#pragma once

#include "api/base/json.h"

namespace skiff::nodeagent::oci {

// The seccomp profile behind `type: RuntimeDefault`, as linux.seccomp of a config.json: what containers have no
// business with (modules, kexec, clocks, swap, mounts, keys, tracing the kernel, new user namespaces) fails with EPERM;
// everything else is left to capabilities. A list of what is refused, not of what is allowed: libseccomp compiles it in
// a fraction of the time (FACTS: 17 ms per container for the long one).
[[nodiscard]] Json default_seccomp_profile();

}  // namespace skiff::nodeagent::oci

#pragma once

#include "api/base/task.h"
#include "api/status.h"

namespace skiff::server {

class Registry;

// Makes what every cluster begins with: the namespaces default, kube-system, kube-public and kube-node-lease and in
// each the ServiceAccount "default". Leaves alone what exists. To be awaited before the server says that it is ready.
Task<api::Result<void>> bootstrap(Registry& registry);

}  // namespace skiff::server

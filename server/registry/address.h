#pragma once

#include "api/resource.h"
#include "api/status.h"
#include "server/registry/kind.h"

#include <string>

// Whether the object that a client sends belongs where the request goes.
namespace skiff::server {

// The object's namespace is the request's: filled in when missing, kBadRequest when it is another one. Objects of
// cluster-scoped kinds lose theirs.
[[nodiscard]] api::Result<void> take_namespace(const Kind& kind, const std::string& namespace_, Json& object);

// The same, and metadata.name must be that of the path.
[[nodiscard]] api::Result<void> take_address(const Kind& kind, const api::NamespacedName& name, Json& object);

}  // namespace skiff::server

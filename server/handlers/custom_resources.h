#pragma once

#include "server/handlers/request_info.h"
#include "server/http/http.h"
#include "server/registry/registry.h"

#include <optional>

namespace skiff::server {

// The list of custom resource definitions, which is empty: none can be made yet. kubectl (1.27 to 1.33) asks for it
// before it says that it knows no such kind, and stumbles when there is no answer. Discovery does not name it, so
// that nobody takes it for more. Nothing for other requests.
[[nodiscard]] std::optional<Response> custom_resource_definitions(const Request& request, const RequestInfo& info,
                                                                  const Registry& registry);

}  // namespace skiff::server

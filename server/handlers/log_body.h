#pragma once

#include "server/handlers/node_access.h"
#include "server/http/http.h"

#include <memory>

namespace skiff::server {

// A container's log as a body. Keeps the way to the node, which the bytes come from.
[[nodiscard]] std::unique_ptr<BodyStream> make_log_body(std::shared_ptr<NodeAccess> node,
                                                        std::unique_ptr<api::ByteStream> bytes);

}  // namespace skiff::server

#pragma once

#include "api/node_service.h"
#include "server/http/http.h"

#include <memory>

namespace skiff::server {

// A container's log as a body. Keeps the node's service, which the bytes come from.
[[nodiscard]] std::unique_ptr<BodyStream> make_log_body(std::shared_ptr<api::NodeService> node,
                                                        std::unique_ptr<api::ByteStream> bytes);

}  // namespace skiff::server

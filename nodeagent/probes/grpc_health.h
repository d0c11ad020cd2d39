#pragma once

#include "nodeagent/probes/check.h"
#include "nodeagent/probes/http_transfers.h"

#include <string>

// The one gRPC call that probes make, grpc.health.v1.Health/Check: a POST over HTTP/2 whose outcome stands in the
// trailers. Its two messages have a field each, so no protocol buffer library is needed.
namespace skiff::nodeagent {

// `address`: host and port. `service`: "" asks about the server as a whole.
[[nodiscard]] HttpRequest make_health_request(const std::string& address, const std::string& service);
[[nodiscard]] CheckResult read_health_answer(const HttpAnswer& answer);

}  // namespace skiff::nodeagent

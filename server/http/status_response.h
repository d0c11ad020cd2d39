#pragma once

#include "api/status.h"
#include "server/http/http.h"

namespace skiff::server {

// A Status document as a JSON response with its code, and Retry-After where it says so.
[[nodiscard]] Response status_response(const api::Status& status);

}  // namespace skiff::server

#pragma once

#include "api/base/json.h"
#include "api/openapi/definitions.h"
#include "api/openapi/operations.h"

#include <string_view>

namespace skiff::api::openapi {

// The schema of a body: a reference where it can be one.
[[nodiscard]] Json payload_schema(const Payload& payload, Definitions& definitions);

// The media types that an operation takes and gives, as arrays of strings.
[[nodiscard]] Json request_media_types(const Operation& operation);
[[nodiscard]] Json response_media_types(const Operation& operation);

// "OK" and the like.
[[nodiscard]] std::string_view response_description(std::string_view code);

}  // namespace skiff::api::openapi

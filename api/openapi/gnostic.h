#pragma once

#include "api/base/json.h"

#include <string>

namespace skiff::api::openapi {

// An OpenAPI v2 document as the protocol buffer message openapi.v2.Document of google/gnostic. Knows the parts of
// OpenAPI that v2_documents writes, and leaves out others.
[[nodiscard]] std::string to_gnostic_protobuf(const Json& v2_document);

}  // namespace skiff::api::openapi

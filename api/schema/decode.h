#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"
#include "api/status.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::schema {

struct Decoded {
  Json object;  // only known fields, nulls dropped, empty values dropped where upstream's omitempty would
  // Upstream's wording: `unknown field "spec.foo"`, in document order sorted by path.
  std::vector<std::string> unknown_fields;
};

// Brings a document into the shape of `type`: drops unknown fields (and reports them), nulls, and empty values; checks
// that every value has the declared type. A wrong type is kBadRequest with upstream's message
//   `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field
//    DeploymentSpec.spec.replicas of type int32`.
// Quantities are canonicalized ("0.5" stays "500m"), times must be RFC 3339.
[[nodiscard]] Result<Decoded> decode(const Struct& type, Json document);

// Puts in the declared defaults, from the outside in. What depends on other fields is a strategy's business
// (server/registry/strategy.h).
void apply_defaults(const Struct& type, Json& object);

}  // namespace skiff::api::schema

#pragma once

#include "api/schema/schema.h"
#include "api/status.h"
#include "server/handlers/parameters.h"
#include "server/http/http.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

struct Body {
  Json document;
  std::vector<std::string> duplicate_fields;
};

// Reads the body of a create or update, JSON, YAML or protocol buffers by its Content-Type, as a JSON object.
// kUnsupportedMediaType; kBadRequest with upstream's messages when it is malformed. `kind` is what it should be, for
// these messages; whether it is, the registry finds out.
[[nodiscard]] api::Result<Body> read_body(const Request& request, std::string_view kind,
                                          const api::schema::Catalog& catalog);

// The same for what no registry decodes (a Binding, an Eviction, a TokenRequest): decoded by its schema. The document
// must say that it is of this kind and version, or say nothing.
[[nodiscard]] api::Result<Json> read_body_as(const Request& request, const api::schema::Struct& type,
                                             const api::schema::Catalog& catalog);

// The same for what is known in several versions of one shape; a document that says nothing is of the first.
[[nodiscard]] api::Result<Json> read_body_as(const Request& request,
                                             std::initializer_list<const api::schema::Struct*> types,
                                             const api::schema::Catalog& catalog);

// The body of a PATCH, which has no kind: JSON, or YAML for an apply patch.
[[nodiscard]] api::Result<Body> read_patch(const Request& request, api::PatchType type);

// The options of a deletion, from the body if there is one and from the query otherwise.
[[nodiscard]] api::Result<DeleteQuery> read_delete_options(const Request& request, const api::schema::Catalog& catalog);

}  // namespace skiff::server

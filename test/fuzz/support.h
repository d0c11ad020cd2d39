#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"
#include "server/registry/kind.h"

#include <optional>
#include <string_view>
#include <utility>

namespace skiff::fuzz {

[[nodiscard]] const api::schema::Catalog& catalog();
[[nodiscard]] const server::KindTable& kinds();

// The JSON of a text; nothing when it is none.
[[nodiscard]] std::optional<Json> json_of(std::string_view text);
// The JSON of the first line and of the rest.
[[nodiscard]] std::optional<std::pair<Json, Json>> two_documents(std::string_view input);

// Takes a document of a kind through all that a write does to it before the store sees it.
void take_document(const server::ServedKind& kind, Json document);

}  // namespace skiff::fuzz

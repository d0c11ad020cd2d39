#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"
#include "api/status.h"

namespace skiff::api::schema {

// The three patch types of upstream, as functions of values: what a patch makes of `object`. Errors are kBadRequest or
// kInvalid with upstream's messages.

// RFC 6902. A failed test or a missing path is kInvalid (422).
[[nodiscard]] Result<Json> apply_json_patch(Json object, const Json& patch);

// RFC 7386.
[[nodiscard]] Result<Json> apply_merge_patch(Json object, const Json& patch);

// Strategic merge patch, driven by the merge attributes of `type`; knows $patch (replace, delete),
// $deleteFromPrimitiveList, $setElementOrder and $retainKeys. A malformed patch is kBadRequest also where upstream
// blames itself (500), with upstream's message.
[[nodiscard]] Result<Json> apply_strategic_merge_patch(const Struct& type, Json object, const Json& patch);

}  // namespace skiff::api::schema

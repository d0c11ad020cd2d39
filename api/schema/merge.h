#pragma once

#include "api/base/json.h"
#include "api/schema/schema.h"
#include "api/status.h"

namespace skiff::api::schema {

// The three patch types of upstream, as functions of values: what a patch makes of `object`. Errors have upstream's
// messages.

// RFC 6902. kBadRequest: not a list of operations. A failed test or a missing path is kInvalid (422).
[[nodiscard]] Result<Json> apply_json_patch(Json object, const Json& patch);

// RFC 7386. kBadRequest: not an object.
[[nodiscard]] Result<Json> apply_merge_patch(Json object, const Json& patch);

// Strategic merge patch, driven by the merge attributes of `type`; knows $patch (replace, delete),
// $deleteFromPrimitiveList, $setElementOrder and $retainKeys. A directive of the wrong form is kBadRequest; a patch
// that cannot be merged, as one whose elements lack their merge key, is kUnknown (500): upstream blames itself.
[[nodiscard]] Result<Json> apply_strategic_merge_patch(const Struct& type, Json object, const Json& patch);

}  // namespace skiff::api::schema

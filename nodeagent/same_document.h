#pragma once

#include "api/base/json.h"

namespace skiff::nodeagent {

// True when two documents say the same to a client: absent, null and empty members are alike, as the API server drops
// them.
[[nodiscard]] bool same_document(const Json& a, const Json& b);

}  // namespace skiff::nodeagent

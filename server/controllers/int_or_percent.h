#pragma once

#include "api/base/json.h"

namespace skiff::controllers {

// A whole number, or a percentage ("25%") of `total` rounded up or down. 0 when it is neither.
[[nodiscard]] int resolve_int_or_percent(const Json& value, int total, bool round_up);

}  // namespace skiff::controllers

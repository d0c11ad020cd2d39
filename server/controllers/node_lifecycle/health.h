#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

// What the node lifecycle controller makes of a Node. Plain functions of values.
namespace skiff::controllers {

// Nothing has been heard of the node for too long: its conditions become Unknown. True when that is news.
bool mark_unknown(Json& node, TimePoint now);

// spec.taints as the node's conditions want them: those of others as they are, ours added and removed. `evicts`: also
// those that drive pods away.
[[nodiscard]] Json wanted_taints(const Json& node, bool evicts, TimePoint now);

}  // namespace skiff::controllers

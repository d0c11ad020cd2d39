#pragma once

#include "api/base/clock.h"

namespace skiff::test {

// The moment at which functions of time are tested.
inline const TimePoint kNow = *parse_time("2026-11-22T12:00:00Z");

}  // namespace skiff::test

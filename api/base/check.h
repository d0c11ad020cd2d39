#pragma once

namespace skiff::base {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace skiff::base

// Ends the process when our own reasoning is wrong. On in release builds; never for input, disk or network.
#define CHECK_INVARIANT(expression) \
  ((expression) ? static_cast<void>(0) : ::skiff::base::check_failed(#expression, __FILE__, __LINE__))

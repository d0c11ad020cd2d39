#include "api/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace skiff::base {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "skiff: invariant violated: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace skiff::base

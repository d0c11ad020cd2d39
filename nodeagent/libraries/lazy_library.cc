#include "nodeagent/libraries/lazy_library.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace skiff::nodeagent {

void* LazyLibrary::find_symbol(const char* name) const {
  // Opening it again only counts; it is never closed.
  void* const library = ::dlopen(file_, RTLD_LAZY | RTLD_LOCAL);
  void* const symbol = library == nullptr ? nullptr : ::dlsym(library, name);
  if (symbol == nullptr) {
    std::fprintf(stderr, "skiff: %s\n", ::dlerror());
    std::exit(127);
  }
  return symbol;
}

}  // namespace skiff::nodeagent

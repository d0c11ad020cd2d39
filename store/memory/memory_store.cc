#include "store/memory/memory_store.h"

namespace skiff::store {

std::unique_ptr<Store> open_memory_store(EngineOptions options) {
  // Without a journal nothing can fail.
  return std::move(Engine::open(nullptr, options)).value();
}

}  // namespace skiff::store

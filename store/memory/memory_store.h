#pragma once

#include "store/engine.h"

#include <memory>

namespace skiff::store {

// A store that lives and dies with the process (`skiff up --in-memory`, tests). A write is acknowledged when it is
// visible.
[[nodiscard]] std::unique_ptr<Store> open_memory_store(EngineOptions options = {});

}  // namespace skiff::store

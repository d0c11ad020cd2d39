#pragma once

#include "api/views/meta.h"

#include <string>

// Work queue keys: "namespace/name", or "name" for cluster-scoped objects.
namespace skiff::controllers {

[[nodiscard]] inline std::string key_text(const Json& object) { return api::key_of(object).to_string(); }

[[nodiscard]] inline api::NamespacedName parse_key(const std::string& key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string::npos) return {"", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace skiff::controllers

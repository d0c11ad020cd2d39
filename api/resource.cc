#include "api/resource.h"

namespace skiff::api {

std::string ResourceType::api_version() const {
  if (group.empty()) return std::string(version);
  return std::string(group) + "/" + std::string(version);
}

std::string NamespacedName::to_string() const { return namespace_.empty() ? name : namespace_ + "/" + name; }

}  // namespace skiff::api

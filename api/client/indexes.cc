#include "api/client/indexes.h"

#include "api/views/meta.h"

namespace skiff::api {

std::vector<std::string> by_controller(const Json& object) {
  if (const Json* owner = controller_of(object)) return {string_at(*owner, {"uid"})};
  return {orphan_value(namespace_of(object))};
}

std::string orphan_value(const std::string& namespace_) { return "orphan in " + namespace_; }

std::vector<std::string> by_node(const Json& pod) {
  std::string node = string_at(pod, {"spec", "nodeName"});
  if (node.empty()) return {};
  return {std::move(node)};
}

}  // namespace skiff::api

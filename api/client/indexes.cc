#include "api/client/indexes.h"

#include "api/views/meta.h"

namespace skiff::api {

std::vector<std::string> by_controller(const Json& object) {
  if (const Json* owner = controller_of(object)) return {string_at(*owner, {"uid"})};
  return {orphan_value(namespace_of(object))};
}

std::string orphan_value(const std::string& namespace_) { return "orphan in " + namespace_; }

std::vector<std::string> by_label(const Json& object) {
  const std::string namespace_ = namespace_of(object);
  std::vector<std::string> values;
  for (const auto& [name, value] : labels_of(object).items()) {
    values.push_back(label_value(namespace_, name, value.get_ref<const std::string&>()));
  }
  return values;
}

std::string label_value(const std::string& namespace_, const std::string& name, const std::string& value) {
  return namespace_ + "/" + name + "=" + value;
}

std::vector<std::string> by_node(const Json& pod) {
  std::string node = string_at(pod, {"spec", "nodeName"});
  if (node.empty()) return {};
  return {std::move(node)};
}

}  // namespace skiff::api

#include "api/views/taints.h"

#include <algorithm>

namespace skiff::api {

bool Toleration::tolerates(const Taint& taint) const {
  if (!effect.empty() && effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  return operator_ == "Exists" || value == taint.value;
}

std::vector<Taint> taints_of(const Json& node) {
  std::vector<Taint> taints;
  const Json* list = find(node, {"spec", "taints"});
  if (list == nullptr || !list->is_array()) return taints;
  for (const Json& item : *list) {
    taints.push_back(Taint{string_at(item, {"key"}), string_at(item, {"value"}), string_at(item, {"effect"})});
  }
  return taints;
}

std::vector<Toleration> tolerations_of(const Json& pod) {
  std::vector<Toleration> tolerations;
  const Json* list = find(pod, {"spec", "tolerations"});
  if (list == nullptr || !list->is_array()) return tolerations;
  for (const Json& item : *list) {
    Toleration toleration{string_at(item, {"key"}), string_at(item, {"operator"}), string_at(item, {"value"}),
                          string_at(item, {"effect"})};
    if (find(item, {"tolerationSeconds"}) != nullptr) toleration.seconds = integer_at(item, {"tolerationSeconds"});
    tolerations.push_back(std::move(toleration));
  }
  return tolerations;
}

bool tolerates(const std::vector<Toleration>& tolerations, const Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const Toleration& toleration) { return toleration.tolerates(taint); });
}

}  // namespace skiff::api

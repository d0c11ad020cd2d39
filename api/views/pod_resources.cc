#include "api/views/pod_resources.h"

namespace skiff::api {

namespace {

const Json& containers_of(const Json& pod, const char* list) {
  static const Json none = Json::array();
  const Json* containers = find(pod, {"spec", list});
  return containers != nullptr && containers->is_array() ? *containers : none;
}

// Of each the larger one.
void raise_to(ResourceAmounts& amounts, const ResourceAmounts& others) {
  for (const auto& [name, amount] : others) {
    const auto [own, is_new] = amounts.emplace(name, amount);
    if (!is_new && own->second < amount) own->second = amount;
  }
}

}  // namespace

ResourceAmounts resource_amounts(const Json* list) {
  ResourceAmounts amounts;
  if (list == nullptr || !list->is_object()) return amounts;
  for (const auto& [name, value] : list->items()) {
    if (!value.is_string()) continue;
    if (const auto amount = Quantity::parse(value.get_ref<const std::string&>())) amounts.emplace(name, *amount);
  }
  return amounts;
}

void add_amounts(ResourceAmounts& total, const ResourceAmounts& amounts) {
  for (const auto& [name, amount] : amounts) {
    const auto [own, is_new] = total.emplace(name, amount);
    if (!is_new) own->second += amount;
  }
}

ResourceAmounts container_amounts(const Json& container, ResourceSide side) {
  return resource_amounts(find(container, {"resources", side == ResourceSide::kRequests ? "requests" : "limits"}));
}

ResourceAmounts pod_amounts(const Json& pod, ResourceSide side) {
  ResourceAmounts total;
  for (const Json& container : containers_of(pod, "containers")) {
    add_amounts(total, container_amounts(container, side));
  }
  ResourceAmounts sidecars;
  ResourceAmounts starting;  // the most that is needed before the containers run
  for (const Json& container : containers_of(pod, "initContainers")) {
    ResourceAmounts own = container_amounts(container, side);
    if (string_at(container, {"restartPolicy"}) == "Always") {
      add_amounts(total, own);
      add_amounts(sidecars, own);
      own = sidecars;
    } else {
      add_amounts(own, sidecars);
    }
    raise_to(starting, own);
  }
  raise_to(total, starting);
  return total;
}

ResourceAmounts pod_amounts_with_overhead(const Json& pod, ResourceSide side) {
  ResourceAmounts total = pod_amounts(pod, side);
  for (const auto& [name, amount] : resource_amounts(find(pod, {"spec", "overhead"}))) {
    const auto own = total.find(name);
    if (own != total.end()) {
      own->second += amount;
    } else if (side == ResourceSide::kRequests) {
      total.emplace(name, amount);
    }
  }
  return total;
}

}  // namespace skiff::api

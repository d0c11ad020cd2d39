#include "scheduler/resources.h"

#include "api/quantity.h"

#include <algorithm>

namespace skiff::scheduler {

namespace {

constexpr std::int64_t kDefaultMilliCpu = 100;
constexpr std::int64_t kDefaultMemory = 200 * 1024 * 1024;

Resources container_requests(const Json& container, bool with_defaults) {
  const Json* requests = find(container, {"resources", "requests"});
  Resources resources = Resources::from_list(requests);
  if (with_defaults && (requests == nullptr || !requests->contains("cpu"))) resources.milli_cpu = kDefaultMilliCpu;
  if (with_defaults && (requests == nullptr || !requests->contains("memory"))) resources.memory = kDefaultMemory;
  return resources;
}

Resources requests(const Json& pod, bool with_defaults) {
  Resources sidecars;
  Resources starting;  // the most that is needed before the containers run
  if (const Json* containers = find(pod, {"spec", "initContainers"}); containers && containers->is_array()) {
    for (const Json& container : *containers) {
      Resources own = container_requests(container, with_defaults);
      if (string_at(container, {"restartPolicy"}) == "Always") {
        sidecars += own;
        own = sidecars;
      } else {
        own += sidecars;
      }
      starting.raise_to(own);
    }
  }
  Resources total = sidecars;
  if (const Json* containers = find(pod, {"spec", "containers"}); containers && containers->is_array()) {
    for (const Json& container : *containers) total += container_requests(container, with_defaults);
  }
  total.raise_to(starting);
  total += Resources::from_list(find(pod, {"spec", "overhead"}));
  return total;
}

}  // namespace

Resources& Resources::operator+=(const Resources& other) {
  milli_cpu += other.milli_cpu;
  memory += other.memory;
  ephemeral_storage += other.ephemeral_storage;
  for (const auto& [name, amount] : other.others) others[name] += amount;
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  milli_cpu -= other.milli_cpu;
  memory -= other.memory;
  ephemeral_storage -= other.ephemeral_storage;
  for (const auto& [name, amount] : other.others) others[name] -= amount;
  return *this;
}

void Resources::raise_to(const Resources& other) {
  milli_cpu = std::max(milli_cpu, other.milli_cpu);
  memory = std::max(memory, other.memory);
  ephemeral_storage = std::max(ephemeral_storage, other.ephemeral_storage);
  for (const auto& [name, amount] : other.others) others[name] = std::max(others[name], amount);
}

Resources Resources::from_list(const Json* list) {
  Resources resources;
  if (list == nullptr || !list->is_object()) return resources;
  for (const auto& [name, value] : list->items()) {
    if (!value.is_string()) continue;
    const auto quantity = api::Quantity::parse(value.get_ref<const std::string&>());
    if (!quantity) continue;
    if (name == "cpu") {
      resources.milli_cpu = quantity->milli_value();
    } else if (name == "memory") {
      resources.memory = quantity->value();
    } else if (name == "ephemeral-storage") {
      resources.ephemeral_storage = quantity->value();
    } else if (name != "pods") {
      resources.others[name] = quantity->value();
    }
  }
  return resources;
}

Resources pod_requests(const Json& pod) { return requests(pod, false); }

Resources pod_requests_for_scoring(const Json& pod) { return requests(pod, true); }

}  // namespace skiff::scheduler

#include "api/views/pod.h"

#include "api/quantity.h"
#include "api/views/conditions.h"

#include <algorithm>
#include <optional>

namespace skiff::api {
namespace {

// A container's request or limit; nothing when it is absent or 0, which is as good as absent.
std::optional<Quantity> amount(const Json& container, std::string_view list, std::string_view resource) {
  std::optional<Quantity> quantity = Quantity::parse(string_at(container, {"resources", list, resource}));
  return quantity && !quantity->is_zero() ? quantity : std::nullopt;
}

}  // namespace

std::string node_name_of(const Json& pod) { return string_at(pod, {"spec", "nodeName"}); }

bool is_pod_terminated(const Json& pod) {
  const std::string phase = string_at(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

bool is_pod_ready(const Json& pod) { return is_condition_true(pod, "Ready"); }

bool mounts_at(const Json& container, std::string_view path) {
  const Json* mounts = find(container, {"volumeMounts"});
  if (mounts == nullptr) return false;
  return std::any_of(mounts->begin(), mounts->end(),
                     [path](const Json& mount) { return string_at(mount, {"mountPath"}) == path; });
}

std::string compute_qos_class(const Json& pod) {
  bool any = false;
  bool guaranteed = true;
  for (const std::string_view list : {"containers", "initContainers"}) {
    const Json* containers = find(pod, {"spec", list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const Json& container : *containers) {
      for (const std::string_view resource : {"cpu", "memory"}) {
        const std::optional<Quantity> request = amount(container, "requests", resource);
        const std::optional<Quantity> limit = amount(container, "limits", resource);
        any |= request || limit;
        guaranteed &= limit && request.value_or(*limit) == *limit;
      }
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace skiff::api

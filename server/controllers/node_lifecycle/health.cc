#include "server/controllers/node_lifecycle/health.h"

#include "api/views/conditions.h"

#include <algorithm>
#include <array>
#include <vector>

namespace skiff::controllers {

namespace {

constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
constexpr const char* kUnschedulable = "node.kubernetes.io/unschedulable";

struct ConditionTaint {
  const char *condition, *status, *taint;
};
// Which condition keeps new pods away.
constexpr std::array<ConditionTaint, 6> kConditionTaints{
    {{"Ready", "False", kNotReady},
     {"Ready", "Unknown", kUnreachable},
     {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
     {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
     {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
     {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"}}};
constexpr std::array<const char*, 4> kReportedConditions{"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

struct OwnTaint {
  std::string key;
  std::string effect;

  [[nodiscard]] bool is(const Json& taint) const {
    return string_at(taint, {"key"}) == key && string_at(taint, {"effect"}) == effect;
  }
};

// All taints that this controller adds and removes.
std::vector<OwnTaint> own_taints() {
  std::vector<OwnTaint> taints{{kNotReady, "NoExecute"}, {kUnreachable, "NoExecute"}, {kUnschedulable, "NoSchedule"}};
  for (const ConditionTaint& row : kConditionTaints) taints.push_back({row.taint, "NoSchedule"});
  return taints;
}

std::vector<OwnTaint> due_taints(const Json& node, bool evicts) {
  std::vector<OwnTaint> taints;
  for (const ConditionTaint& row : kConditionTaints) {
    if (api::condition_status(node, row.condition) == row.status) taints.push_back({row.taint, "NoSchedule"});
  }
  if (bool_at(node, {"spec", "unschedulable"})) taints.push_back({kUnschedulable, "NoSchedule"});
  const std::string ready = api::condition_status(node, "Ready");
  if (evicts && ready == "False") taints.push_back({kNotReady, "NoExecute"});
  if (evicts && ready == "Unknown") taints.push_back({kUnreachable, "NoExecute"});
  return taints;
}

}  // namespace

bool mark_unknown(Json& node, TimePoint now) {
  bool changed = false;
  for (const char* type : kReportedConditions) {
    if (api::find_condition(node, type) == nullptr) {
      const api::Condition never{type, "Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status."};
      api::set_condition(node, never, now);
      node["status"]["conditions"].back()["lastHeartbeatTime"] = string_at(node, {"metadata", "creationTimestamp"});
      changed = true;
    } else if (api::condition_status(node, type) != "Unknown") {
      const api::Condition unknown{type, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."};
      changed = api::set_condition(node, unknown, now) || changed;
    }
  }
  return changed;
}

Json wanted_taints(const Json& node, bool evicts, TimePoint now) {
  std::vector<OwnTaint> due = due_taints(node, evicts);
  const std::vector<OwnTaint> own = own_taints();
  Json wanted = Json::array();
  const Json* present = find(node, {"spec", "taints"});
  if (present != nullptr && present->is_array()) {
    for (const Json& taint : *present) {
      const auto is_same = [&taint](const OwnTaint& each) { return each.is(taint); };
      const bool is_due = std::erase_if(due, is_same) > 0;
      if (is_due || std::none_of(own.begin(), own.end(), is_same)) wanted.push_back(taint);
    }
  }
  for (const OwnTaint& taint : due) {
    wanted.push_back({{"key", taint.key}, {"effect", taint.effect}, {"timeAdded", format_time(now)}});
  }
  return wanted;
}

}  // namespace skiff::controllers

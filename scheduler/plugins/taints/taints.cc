#include "scheduler/plugins/taints/taints.h"

namespace skiff::scheduler {

Verdict fits_taints(const PodInfo& pod, const NodeInfo& node) {
  for (const api::Taint& taint : node.taints()) {
    if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") continue;
    if (pod.tolerates(taint)) continue;
    return Verdict::never("node(s) had untolerated taint {" + taint.key + ": " + taint.value + "}");
  }
  return Verdict::yes();
}

std::int64_t score_taints(const PodInfo& pod, const NodeInfo& node) {
  std::int64_t count = 0;
  for (const api::Taint& taint : node.taints()) {
    if (taint.effect == "PreferNoSchedule" && !pod.tolerates(taint)) ++count;
  }
  return count;
}

}  // namespace skiff::scheduler

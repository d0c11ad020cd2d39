#include "scheduler/plugins/unschedulable/unschedulable.h"

namespace skiff::scheduler {

Verdict fits_unschedulable(const PodInfo& pod, const NodeInfo& node) {
  if (!node.unschedulable()) return Verdict::yes();
  static const api::Taint kCordoned{"node.kubernetes.io/unschedulable", "", "NoSchedule"};
  if (pod.tolerates(kCordoned)) return Verdict::yes();
  return Verdict::never("node(s) were unschedulable");
}

}  // namespace skiff::scheduler

#include "scheduler/plugins/volume_binding/volume_binding.h"

#include "api/views/meta.h"
#include "api/views/persistent_volume.h"

#include <algorithm>

namespace skiff::scheduler {

using api::ObjectPtr;

namespace {

bool is_reachable(const Json& volume, const NodeInfo& node) {
  const Json* selector = find(volume, {"spec", "nodeAffinity", "required"});
  return selector == nullptr || api::RequiredNodes::of_node_selector(*selector).matches(node.labels());
}

bool all_reachable(const std::vector<ObjectPtr>& volumes, const NodeInfo& node) {
  return std::all_of(volumes.begin(), volumes.end(),
                     [&](const ObjectPtr& volume) { return is_reachable(*volume, node); });
}

}  // namespace

VolumeBinding::VolumeBinding(api::InformerFactory& informers)
    : claims_(informers.informer(api::kPersistentVolumeClaims)),
      volumes_(informers.informer(api::kPersistentVolumes)),
      classes_(informers.informer(api::kStorageClasses)) {}

void VolumeBinding::on_change(const std::function<void()>& changed) {
  api::InformerHandlers handlers;
  handlers.added = [changed](const ObjectPtr&) { changed(); };
  handlers.updated = [changed](const ObjectPtr&, const ObjectPtr&) { changed(); };
  handlers.deleted = handlers.added;
  claims_.add_handlers(handlers);
  volumes_.add_handlers(handlers);
  classes_.add_handlers(std::move(handlers));
}

VolumeNeeds VolumeBinding::needs_of(const Json& pod) const {
  VolumeNeeds needs;
  for (const std::string& key : api::by_claim(pod)) {
    const std::string name = key.substr(key.find('/') + 1);
    const ObjectPtr claim = claims_.cache().get({api::namespace_of(pod), name});
    needs.problem = problem_of(claim, name, needs);
    if (!needs.problem.empty()) return needs;
  }
  return needs;
}

// Notes what the claim asks for, or says why its pod has to wait.
std::string VolumeBinding::problem_of(const ObjectPtr& claim, const std::string& name, VolumeNeeds& needs) const {
  const std::string quoted = "persistentvolumeclaim \"" + name + "\"";
  if (!claim) return quoted + " not found";
  const std::string volume_name = string_at(*claim, {"spec", "volumeName"});
  if (string_at(*claim, {"status", "phase"}) == "Lost") {
    return quoted + " bound to non-existent persistentvolume \"" + volume_name + "\"";
  }
  if (api::is_terminating(*claim)) return quoted + " is being deleted";
  const bool is_bound = !volume_name.empty() && api::annotation_of(*claim, api::kBindCompleted) != nullptr;
  if (is_bound) {
    const ObjectPtr volume = volumes_.cache().get({"", volume_name});
    if (!volume) return "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    needs.bound.push_back(volume);
  } else if (waits_for_consumer(*claim)) {
    needs.waiting.push_back(claim);
  } else {
    return "pod has unbound immediate PersistentVolumeClaims";
  }
  return "";
}

bool VolumeBinding::waits_for_consumer(const Json& claim) const {
  const ObjectPtr storage_class = classes_.cache().get({"", api::storage_class_of(claim)});
  return storage_class && string_at(*storage_class, {"volumeBindingMode"}) == "WaitForFirstConsumer" &&
         string_at(claim, {"spec", "volumeName"}).empty();
}

FilterPlugin VolumeBinding::filter(const VolumeNeeds& needs) const {
  return {"VolumeBinding", [](const PodInfo&) { return true; },
          [this, &needs](const PodInfo&, const NodeInfo& node) { return judge(needs, node); }, kVolumesChanged};
}

Verdict VolumeBinding::judge(const VolumeNeeds& needs, const NodeInfo& node) const {
  if (!all_reachable(needs.bound, node)) return Verdict::never("node(s) had volume node affinity conflict");
  if (choose(needs, node).size() == needs.waiting.size()) return Verdict::yes();
  return Verdict::never("node(s) didn't find available persistent volumes to bind");
}

std::vector<VolumeBinding::Choice> VolumeBinding::choose(const VolumeNeeds& needs, const NodeInfo& node) const {
  std::vector<Choice> choices;
  if (needs.waiting.empty()) return choices;
  std::vector<ObjectPtr> near = volumes_.cache().list();
  std::erase_if(near, [&](const ObjectPtr& volume) { return !is_reachable(*volume, node); });
  for (const ObjectPtr& claim : needs.waiting) {
    const ObjectPtr volume = api::find_volume(*claim, near, false);
    if (!volume) continue;
    choices.emplace_back(claim, volume);
    std::erase(near, volume);
  }
  return choices;
}

}  // namespace skiff::scheduler

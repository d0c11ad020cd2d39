#include "scheduler/plugins/volume_binding/volume_binding.h"

#include "api/views/meta.h"
#include "api/views/persistent_volume.h"

#include <algorithm>

namespace skiff::scheduler {

using api::ObjectPtr;

PlacedVolume::PlacedVolume(ObjectPtr volume_in) : volume(std::move(volume_in)) {
  const Json* selector = find(*volume, {"spec", "nodeAffinity", "required"});
  if (selector != nullptr) nodes = api::RequiredNodes::of_node_selector(*selector);
}

bool PlacedVolume::is_reachable_from(const NodeInfo& node) const { return !nodes || nodes->matches(node.labels()); }

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
  if (needs.waiting.empty()) return needs;
  for (ObjectPtr& volume : volumes_.cache().list()) {
    const bool suits = std::any_of(needs.waiting.begin(), needs.waiting.end(), [&volume](const ObjectPtr& claim) {
      return api::find_volume(*claim, {volume}, false) != nullptr;
    });
    if (suits) needs.candidates.emplace_back(std::move(volume));
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
    needs.bound.emplace_back(volume);
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

FilterPlugin VolumeBinding::filter(const VolumeNeeds& needs) {
  return {"VolumeBinding", [](const PodInfo&) { return true; },
          [&needs](const PodInfo&, const NodeInfo& node) { return judge(needs, node); }, kVolumesChanged};
}

Verdict VolumeBinding::judge(const VolumeNeeds& needs, const NodeInfo& node) {
  const bool reaches_bound = std::all_of(needs.bound.begin(), needs.bound.end(), [&node](const PlacedVolume& placed) {
    return placed.is_reachable_from(node);
  });
  if (!reaches_bound) return Verdict::never("node(s) had volume node affinity conflict");
  if (choose(needs, node).size() == needs.waiting.size()) return Verdict::yes();
  return Verdict::never("node(s) didn't find available persistent volumes to bind");
}

std::vector<VolumeBinding::Choice> VolumeBinding::choose(const VolumeNeeds& needs, const NodeInfo& node) {
  std::vector<ObjectPtr> near;
  for (const PlacedVolume& placed : needs.candidates) {
    if (placed.is_reachable_from(node)) near.push_back(placed.volume);
  }
  std::vector<Choice> choices;
  for (const ObjectPtr& claim : needs.waiting) {
    const ObjectPtr volume = api::find_volume(*claim, near, false);
    if (!volume) continue;
    choices.emplace_back(claim, volume);
    std::erase(near, volume);
  }
  return choices;
}

}  // namespace skiff::scheduler

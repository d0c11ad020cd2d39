// How a NodeAgent runs the pods of manifests.
#include "api/views/meta.h"
#include "nodeagent/agent.h"

namespace skiff::nodeagent {

Task<void> NodeAgent::start_static_pods() {
  StaticPods::Listener listener;
  listener.start = [this](const api::ObjectPtr& pod) { start_static_pod(pod); };
  listener.end = [this](const api::ObjectPtr& pod) { end_static_pod(pod); };
  listener.complain = [this](const std::string& problem) { warn("FailedValidation", problem); };
  listener.all_seen = [this] {
    static_pods_known_ = true;
    if (mirrors_) mirrors_->set_complete();
    pods_of_a_source_known();
  };
  if (!options_.static_pods.has_sources()) {
    listener.all_seen();
    co_return;
  }
  static_pods_ = std::make_unique<StaticPods>(executor_, pool_, clock_, options_.node_name, options_.static_pods,
                                              std::move(listener));
  co_await static_pods_->start();
}

MirrorPods& NodeAgent::mirrors() {
  if (!mirrors_) {
    mirrors_ = std::make_unique<MirrorPods>(executor_, client_, options_.node_name);
    if (static_pods_known_) mirrors_->set_complete();
  }
  return *mirrors_;
}

void NodeAgent::start_static_pod(const api::ObjectPtr& pod) {
  if (stopping_) return;
  begin_pod(pod, PodOrigin::kStatic);
}

void NodeAgent::end_static_pod(const api::ObjectPtr& pod) {
  const auto worker = workers_.find(api::uid_of(*pod));
  if (worker == workers_.end() || stopping_) return;
  worker->second->end_static_pod();
  wake(worker->second);
}

void NodeAgent::static_pod_ended(const api::ObjectPtr& pod) {
  if (stopping_) return;
  const api::NamespacedName name = api::key_of(*pod);
  mirrors().pod_ended(name);
  static_pods_->pod_ended(name);
}

void NodeAgent::mirror_changed(const api::ObjectPtr& mirror) {
  mirrors().mirror_changed(mirror);
  for (const auto& [uid, worker] : workers_) {
    if (worker->origin() != PodOrigin::kStatic || !is_mirror_of(*mirror, *worker->pod())) continue;
    if (worker->take_gates(*mirror)) wake(worker);
    return;
  }
}

}  // namespace skiff::nodeagent

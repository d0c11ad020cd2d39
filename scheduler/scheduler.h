#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/client/event_recorder.h"
#include "api/client/informer.h"
#include "scheduler/cache.h"
#include "scheduler/placement.h"
#include "scheduler/plugins/volume_binding/volume_binding.h"
#include "scheduler/scheduling_metrics.h"
#include "scheduler/scheduling_queue.h"

#include <string>
#include <vector>

namespace skiff::scheduler {

// Gives every pod without a node one.
//
// Operation: informers keep Cache and SchedulingQueue up to date; one loop takes the next pod, decides (Placer, without
// waiting) and starts the binding, while it goes on with the next pod. A pod that fits nowhere gets an Event, the
// condition PodScheduled=False, and waits for what may help it. Concurrency: everything on the executor given, which
// has one thread; many bindings are under way at a time. It will not: preempt, or touch pods of other schedulers
// (spec.schedulerName) and pods with scheduling gates.
class Scheduler {
 public:
  static constexpr std::size_t kMaxBindings = 512;  // under way at a time
  static constexpr const char* kName = "default-scheduler";

  // All outlive the scheduler.
  Scheduler(asio::any_io_executor executor, api::Client& client, api::InformerFactory& informers, const Clock& clock);

  // Once the informers have synced: without all nodes and bound pods in the cache, decisions would be wrong.
  void start();
  // Returns when the bindings under way have ended.
  Task<void> stop();

  // What Prometheus is told. May be asked by any thread.
  [[nodiscard]] std::vector<prometheus::MetricFamily> metrics();

 private:
  void on_pod(const api::ObjectPtr& old_pod, const api::ObjectPtr& pod);
  void on_bound_pod(const api::ObjectPtr& old_pod, const api::ObjectPtr& pod);
  void on_pod_gone(const api::ObjectPtr& pod);
  void on_node(const api::ObjectPtr& node);
  void on_node_gone(const api::ObjectPtr& node);
  void wake_waiting(ClusterEvents events);

  Task<void> run();
  void schedule(const PodInfoPtr& pod);
  // The pod's claims get volumes near the node; once they are bound, the pod is tried again.
  void claim_volumes(const PodInfoPtr& pod, const VolumeNeeds& needs, const NodeInfo& node);
  Task<void> reserve_volume(api::ObjectPtr claim, api::ObjectPtr volume);
  void report_rejection(const PodInfoPtr& pod, const Rejection& rejection);
  Task<void> bind(PodInfoPtr pod, std::string node, SchedulingAttempt attempt);
  Task<void> write_unschedulable(PodInfoPtr pod, std::string message);

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  api::Informer& pods_;
  api::Informer& nodes_;
  api::EventRecorder events_;
  Cache cache_;
  SchedulingQueue queue_;
  SchedulingMetrics metrics_;
  Placer placer_;
  VolumeBinding volumes_;
  Signal signal_;
  TaskGroup tasks_;
  std::size_t bindings_ = 0;
  bool stopping_ = false;
};

}  // namespace skiff::scheduler

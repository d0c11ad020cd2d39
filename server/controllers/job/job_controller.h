#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/job/plan.h"
#include "server/controllers/owned_pods.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace skiff::controllers {

// Runs Jobs to their end (keys: the Job's namespace/name), and deletes them when their time is up.
//
// Operation: sync() claims the pods, asks plan_job() and carries the plan out: pods are made or removed, the status is
// written with the uids of those that ended, their finalizers are taken off, and the status is written with the
// counters. Pods that have the finalizer and no Job that waits for them are let go (keys of the second queue: the
// pods'). Concurrency: see Context. It will not: touch Jobs that spec.managedBy gives to another controller.
class JobController {
 public:
  static constexpr std::size_t kWorkers = 5;

  explicit JobController(const Context& context);

  void start();
  Task<void> stop();

 private:
  void on_tracked_pod(const api::ObjectPtr& pod);
  void on_pod_without_finalizer(const Json& pod);
  void on_job_gone(const api::ObjectPtr& job);
  // The Job that will count the pod; null when there is none (any more).
  [[nodiscard]] api::ObjectPtr counting_job(const Json& pod) const;

  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> sync_finished(std::string key, api::ObjectPtr job);
  Task<api::Result<void>> sync_orphan(std::string key);
  // Why not all pods could be made or removed.
  Task<std::optional<PodFailure>> change_pods(std::string key, api::ObjectPtr job, JobPodPlan plan);
  Task<api::Result<void>> carry_out(std::string key, api::ObjectPtr job, JobPlan plan);
  // The Job as it is with that status.
  Task<api::Result<api::ObjectPtr>> store_status(api::ObjectPtr job, Json status);
  Task<api::Result<void>> release(std::string key, std::vector<api::ObjectPtr> pods);
  Task<void> release_one(std::string key, api::ObjectPtr pod, api::Result<void>* result);
  void report(const Json& job, const std::vector<JobEvent>& events);

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  api::Informer& jobs_;
  // By the Job's key.
  std::map<std::string, std::set<std::string>> released_;
  std::map<std::string, JobBackoff> backoff_;
  api::Controller controller_;
  api::Controller orphans_;
  OwnedPods pods_;
};

}  // namespace skiff::controllers

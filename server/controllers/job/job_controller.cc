#include "server/controllers/job/job_controller.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "server/controllers/job/job_pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/remove_object.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kOwnName = "kubernetes.io/job-controller";

// The pods of large Jobs change by the hundred: waiting a little, in proportion to the work, turns many syncs into one.
constexpr std::chrono::microseconds kDelayPerPod{100};

// About how many there are, those that have ended included.
std::int64_t number_of_pods(const Json& job) {
  return integer_at(job, {"spec", "parallelism"}, 1) + integer_at(job, {"status", "succeeded"}) +
         integer_at(job, {"status", "failed"});
}

// How often a pod is read again because it changed meanwhile.
constexpr int kMaxReleaseTries = 4;

// The list is written as a whole, so it must be the one that was looked at.
Json patch_without_finalizer(const Json& pod) {
  Json finalizers = Json::array();
  for (const Json& finalizer : pod.at("metadata").at("finalizers")) {
    if (finalizer != kTrackingFinalizer) finalizers.push_back(finalizer);
  }
  return {{"metadata",
           {{"uid", api::uid_of(pod)},
            {"resourceVersion", api::resource_version_of(pod)},
            {"finalizers", finalizers.empty() ? Json() : std::move(finalizers)}}}};
}

}  // namespace

JobController::JobController(const Context& context)
    : executor_(context.executor),
      client_(context.client),
      clock_(context.clock),
      jobs_(context.informers.informer(api::kJobs)),
      controller_(context.executor, context.queue_metrics, "job", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }),
      orphans_(context.executor, context.queue_metrics, "job_orphan_pod", kWorkers,
               [this](std::string key) { return sync_orphan(std::move(key)); }),
      pods_(context,
            OwnedPods::Owners{api::kJobs, label_selector_of,
                              [this](const Json& job, bool all_created) {
                                if (all_created) return controller_.enqueue(key_text(job));
                                controller_.enqueue_after(key_text(job), kDelayPerPod * number_of_pods(job));
                              },
                              kTrackingFinalizer},
            "job-controller") {
  api::InformerHandlers jobs;
  jobs.added = [this](const ObjectPtr& job) { controller_.enqueue(key_text(*job)); };
  jobs.updated = [this](const ObjectPtr&, const ObjectPtr& job) { controller_.enqueue(key_text(*job)); };
  jobs.deleted = [this](const ObjectPtr& job) { on_job_gone(job); };
  jobs_.add_handlers(std::move(jobs));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_tracked_pod(pod); };
  pods.updated = [this](const ObjectPtr&, const ObjectPtr& pod) { on_tracked_pod(pod); };
  pods.deleted = [this](const ObjectPtr& pod) { on_pod_without_finalizer(*pod); };
  pods_.informer().add_handlers(std::move(pods));
}

void JobController::start() {
  pods_.start();
  controller_.start();
  orphans_.start();
}

Task<void> JobController::stop() {
  co_await controller_.stop();
  co_await orphans_.stop();
  co_await pods_.stop();
}

void JobController::on_tracked_pod(const ObjectPtr& pod) {
  if (!api::has_finalizer(*pod, kTrackingFinalizer)) return on_pod_without_finalizer(*pod);
  if (!counting_job(*pod)) orphans_.enqueue(key_text(*pod));
}

// The cache shows now what was asked for.
void JobController::on_pod_without_finalizer(const Json& pod) {
  const Json* owner = api::controller_of(pod);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kJobs.kind) return;
  const api::NamespacedName job{api::namespace_of(pod), string_at(*owner, {"name"})};
  const auto released = released_.find(job.to_string());
  if (released != released_.end()) released->second.erase(api::uid_of(pod));
}

void JobController::on_job_gone(const ObjectPtr& job) {
  controller_.enqueue(key_text(*job));
  for (const ObjectPtr& pod : pods_.informer().cache().by_index(api::kByController, api::uid_of(*job))) {
    on_tracked_pod(pod);
  }
}

ObjectPtr JobController::counting_job(const Json& pod) const {
  const Json* owner = api::controller_of(pod);
  if (owner == nullptr || string_at(*owner, {"kind"}) != api::kJobs.kind) return nullptr;
  ObjectPtr job = jobs_.cache().get({api::namespace_of(pod), string_at(*owner, {"name"})});
  if (!job || api::uid_of(*job) != string_at(*owner, {"uid"}) || is_finished(*job)) return nullptr;
  return job;
}

Task<api::Result<void>> JobController::sync(std::string key) {
  const ObjectPtr job = jobs_.cache().get(parse_key(key));
  if (!job || is_finished(*job)) co_return co_await sync_finished(key, job);
  const Json* manager = find(*job, {"spec", "managedBy"});
  if (manager != nullptr && *manager != kOwnName) co_return api::Result<void>();

  JobSituation situation;
  // Read before anything waits: what is created meanwhile has not been counted yet.
  situation.may_change = pods_.up_to_date(key);
  const auto pods = co_await pods_.claim(job);
  if (!pods) co_return pods.error();
  situation.released = released_[key];
  situation.backoff = backoff_[key];
  situation.now = clock_.now();
  JobPlan plan = plan_job(*job, *pods, situation);
  const auto failure = co_await change_pods(key, job, plan.pods);
  if (!failure) co_return co_await carry_out(key, job, std::move(plan));
  // What was planned has not happened; what has is still counted.
  situation.may_change = false;
  plan = plan_job(*job, *pods, situation);
  const api::Result<void> counted = co_await carry_out(key, job, std::move(plan));
  if (!counted) co_return counted.error();
  api::Status retry;
  retry.message = failure->message;
  co_return retry;
}

// Also of a Job that is gone (`job` is null).
Task<api::Result<void>> JobController::sync_finished(std::string key, ObjectPtr job) {
  pods_.forget(key);
  released_.erase(key);
  backoff_.erase(key);
  if (!job) co_return api::Result<void>();
  // Pods that ended after it wait in vain to be counted.
  for (const ObjectPtr& pod : pods_.informer().cache().by_index(api::kByController, api::uid_of(*job))) {
    on_tracked_pod(pod);
  }
  const std::optional<TimePoint> expiry = expiry_time(*job);
  if (!expiry || api::is_terminating(*job)) co_return api::Result<void>();
  const TimePoint now = clock_.now();
  if (*expiry > now) {
    controller_.enqueue_after(key, *expiry - now);
    co_return api::Result<void>();
  }
  api::DeleteOptions options;
  options.resource_version = api::resource_version_of(*job);
  options.propagation_policy = "Foreground";
  co_return co_await remove_object(client_, api::kJobs, job, std::move(options));
}

Task<api::Result<void>> JobController::sync_orphan(std::string key) {
  const ObjectPtr pod = pods_.informer().cache().get(parse_key(key));
  if (!pod || !api::has_finalizer(*pod, kTrackingFinalizer) || counting_job(*pod)) co_return api::Result<void>();
  api::Result<void> released;
  co_await release_one("", pod, &released);
  co_return released;
}

Task<std::optional<PodFailure>> JobController::change_pods(std::string key, ObjectPtr job, JobPodPlan plan) {
  if (plan.uncounted_removal) {
    const api::Result<void> released = co_await release(key, plan.remove);
    if (!released) co_return PodFailure{"FailedDelete", released.error().message};
  }
  PodChanges changes;
  changes.create = plan.create.size();
  changes.make = [job, indexes = std::move(plan.create), replaced = std::move(plan.replaced)](std::size_t position) {
    const std::optional<std::int64_t> index = indexes[position];
    const auto old = index ? replaced.find(*index) : replaced.end();
    return job_pod(*job, index, old == replaced.end() ? nullptr : old->second.get());
  };
  changes.remove = std::move(plan.remove);
  if (changes.empty()) co_return std::nullopt;
  co_return co_await pods_.change(key, job, std::move(changes));
}

Task<api::Result<void>> JobController::carry_out(std::string key, ObjectPtr job, JobPlan plan) {
  if (plan.check_again_at) controller_.enqueue_after(key, *plan.check_again_at - clock_.now());
  auto noted = co_await store_status(job, std::move(plan.interim_status));
  if (!noted) co_return noted.error();
  if (!*noted) co_return api::Result<void>();  // the Job is gone
  backoff_[key] = plan.backoff;
  report(**noted, plan.events);
  const api::Result<void> released = co_await release(key, std::move(plan.release));
  if (!released) co_return released.error();
  const auto counted = co_await store_status(*noted, std::move(plan.final_status));
  if (!counted) co_return counted.error();
  report(**noted, plan.final_events);
  co_return api::Result<void>();
}

Task<api::Result<ObjectPtr>> JobController::store_status(ObjectPtr job, Json status) {
  if (job->value("status", Json()) == status) co_return job;
  Json updated = *job;
  updated["status"] = std::move(status);
  api::WriteOptions options;
  options.subresource = "status";
  auto written = co_await client_.update(api::kJobs, std::move(updated), options);
  if (!written && written.error().reason == api::Reason::kNotFound) co_return ObjectPtr();
  co_return written;
}

Task<api::Result<void>> JobController::release(std::string key, std::vector<ObjectPtr> pods) {
  TaskGroup batch(executor_);
  api::Result<void> result;
  for (const ObjectPtr& pod : pods) batch.spawn(release_one(key, pod, &result));
  co_await batch.join();
  co_return result;
}

// Takes the finalizer off. `key` is that of the pod's Job, or empty when it has none.
Task<void> JobController::release_one(std::string key, ObjectPtr pod, api::Result<void>* result) {
  const std::string uid = api::uid_of(*pod);
  const api::NamespacedName name = api::key_of(*pod);
  if (!key.empty()) released_[key].insert(uid);
  api::Result<ObjectPtr> current = pod;
  for (int attempt = 1; current && api::uid_of(**current) == uid; ++attempt) {
    if (!api::has_finalizer(**current, kTrackingFinalizer)) co_return;
    Json patch = patch_without_finalizer(**current);
    const api::WriteOptions options;
    const auto patched = co_await client_.patch(api::kPods, name, api::PatchType::kMerge, std::move(patch), options);
    if (patched) co_return;
    current = patched.error();
    // Its kubelet, or its deletion, came in between.
    if (patched.error().reason != api::Reason::kConflict || attempt == kMaxReleaseTries) break;
    current = co_await client_.get(api::kPods, name);
  }
  if (current || current.error().reason == api::Reason::kNotFound) co_return;  // another pod by now, or none
  if (!key.empty()) released_[key].erase(uid);
  *result = current.error();
}

void JobController::report(const Json& job, const std::vector<JobEvent>& events) {
  for (const JobEvent& event : events) {
    if (event.is_warning) {
      pods_.events().warning(job, event.reason, event.message);
    } else {
      pods_.events().normal(job, event.reason, event.message);
    }
  }
}

}  // namespace skiff::controllers

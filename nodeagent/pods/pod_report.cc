// How a PodWorker tells its pod's status: to the API, or in the document of a static pod.
#include "api/base/log.h"
#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/pod_worker.h"
#include "nodeagent/same_document.h"

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::seconds kStatusRetryDelay{1};
constexpr int kMaxStatusTries = 8;

// Whether a pod that did not run yet does by its new status.
bool begins_to_run(const Json& pod, const Json& status) {
  return string_at(status, {"phase"}) == "Running" && string_at(pod, {"status", "phase"}, "Pending") == "Pending";
}

}  // namespace

void PodWorker::measure_start() {
  if (context_.metrics != nullptr) context_.metrics->pod_started(std::chrono::steady_clock::now() - first_seen_);
}

void PodWorker::accept(api::ObjectPtr pod) {
  if (api::uid_of(*pod) != api::uid_of(*pod_)) {
    state_.gone_from_api = true;
  } else if (set_pod(std::move(pod))) {
    changed_ = true;
  }
}

// A static pod's document is ours alone: its status stays there.
void PodWorker::keep_status() {
  Json status = make_status(*pod_, state_, context_.node, context_.clock.now());
  const Json* kept = find(*pod_, {"status"});
  if (kept != nullptr && same_document(status, *kept)) return;
  if (begins_to_run(*pod_, status)) measure_start();
  Json changed = *pod_;
  changed["status"] = std::move(status);
  keep(std::make_shared<const Json>(std::move(changed)));
  context_.static_pod_changed(pod_.wake());
}

// Writes status when it says something new. Somebody else's write in between is no reason to give up: the status is
// made again from the pod as it is now.
Task<void> PodWorker::report_status() {
  report_again_at_.reset();
  if (origin_ == PodOrigin::kStatic) {
    keep_status();
    co_return;
  }
  for (int tries = 0; tries < kMaxStatusTries; ++tries) {
    if (state_.gone_from_api || stopping_) co_return;
    Json status = make_status(*pod_, state_, context_.node, context_.clock.now());
    const Json* reported = find(*pod_, {"status"});
    if (reported != nullptr && same_document(status, *reported)) co_return;

    // The news of our own write may come before the answer to it.
    const bool begins = begins_to_run(*pod_, status);
    Json object = *pod_;
    object["status"] = std::move(status);
    api::WriteOptions options;
    options.field_manager = "kubelet";
    options.subresource = "status";
    auto written = co_await context_.client.update(api::kPods, std::move(object), options);
    if (written) {
      if (begins) measure_start();
      accept(std::move(*written));
      co_return;
    }
    if (written.error().reason == api::Reason::kNotFound) {
      state_.gone_from_api = true;
      co_return;
    }
    if (written.error().reason != api::Reason::kConflict) {
      spdlog::warn("pod {}: write status: {}", describe_pod(*pod_), written.error().message);
      break;
    }
    auto fresh = co_await context_.client.get(api::kPods, api::key_of(*pod_));
    if (fresh) {
      accept(std::move(*fresh));
    } else if (fresh.error().reason == api::Reason::kNotFound) {
      state_.gone_from_api = true;
    }
  }
  report_again_at_ = context_.clock.now() + kStatusRetryDelay;
}

}  // namespace skiff::nodeagent

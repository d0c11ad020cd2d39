#include "server/controllers/disruption/stale_disruption_controller.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/write_status.h"

#include <algorithm>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kDisruptionTarget = "DisruptionTarget";
constexpr const char* kSaidByKubelet = "TerminationByKubelet";

}  // namespace

StaleDisruptionController::StaleDisruptionController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      pods_(context.informers.informer(api::kPods)),
      controller_(context.executor, context.queue_metrics, "stale_pod_disruption", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(pod); };
  pods.updated = [this](const ObjectPtr&, const ObjectPtr& pod) { on_pod(pod); };
  pods_.add_handlers(std::move(pods));
}

void StaleDisruptionController::on_pod(const ObjectPtr& pod) {
  if (const auto left = time_left(*pod)) controller_.enqueue_after(key_text(*pod), *left);
}

std::optional<std::chrono::nanoseconds> StaleDisruptionController::time_left(const Json& pod) const {
  const Json* condition = api::find_condition(pod, kDisruptionTarget);
  if (condition == nullptr || string_at(*condition, {"status"}) != "True") return std::nullopt;
  if (string_at(*condition, {"reason"}) == kSaidByKubelet) return std::nullopt;
  if (api::is_terminating(pod) || api::is_pod_terminated(pod)) return std::nullopt;
  const TimePoint now = clock_.now();
  const TimePoint marked = parse_time(string_at(*condition, {"lastTransitionTime"})).value_or(now);
  return std::max<std::chrono::nanoseconds>(marked + kTimeout - now, std::chrono::nanoseconds(0));
}

Task<api::Result<void>> StaleDisruptionController::sync(std::string key) {
  const ObjectPtr pod = pods_.cache().get(parse_key(key));
  const auto left = pod ? time_left(*pod) : std::nullopt;
  if (!left) co_return api::Result<void>();
  if (*left > std::chrono::nanoseconds(0)) {
    controller_.enqueue_after(key, *left);
    co_return api::Result<void>();
  }
  Json updated = *pod;
  const api::Condition condition{kDisruptionTarget, "False", "", ""};
  api::set_condition(updated, condition, clock_.now());
  co_return co_await write_status(client_, api::kPods, pod, std::move(updated["status"]));
}

}  // namespace skiff::controllers

#include "api/views/conditions.h"
#include "api/views/disruption.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/registry/impl.h"
#include "server/registry/removal.h"

namespace skiff::server {

namespace {

constexpr const char* kRefusal = "Cannot evict pod as it would violate the pod's disruption budget.";
constexpr int kRetrySeconds = 10;
// Evictions that the disruption controller has not confirmed yet.
constexpr std::size_t kMaxDisruptedPods = 2000;

api::Status refused(std::string why, int retry_after_seconds) {
  api::Status status;
  status.reason = api::Reason::kTooManyRequests;
  status.message = kRefusal;
  status.retry_after_seconds = retry_after_seconds;
  status.causes.push_back(api::StatusCause{"DisruptionBudget", std::move(why), ""});
  return status;
}

api::Status still_processed(const std::string& budget) {
  return refused("The disruption budget " + budget + " is still being processed by the server.", kRetrySeconds);
}

std::string what_is_missing(const Json& budget, const std::string& name) {
  const Json* condition = api::find_condition(budget, "DisruptionAllowed");
  if (condition != nullptr && string_at(*condition, {"reason"}) == "SyncFailed") {
    return "The disruption budget " + name +
           " does not allow evicting pods currently because it failed sync: " + string_at(*condition, {"message"});
  }
  return "The disruption budget " + name + " needs " +
         std::to_string(integer_at(budget, {"status", "desiredHealthy"})) + " healthy pods and has " +
         std::to_string(integer_at(budget, {"status", "currentHealthy"})) + " currently";
}

// Evicting the pod disrupts nothing: it has not begun to work, has ended, or is going anyway.
bool can_ignore_budgets(const Json& pod) {
  return api::is_pod_terminated(pod) || string_at(pod, {"status", "phase"}) == "Pending" || api::is_terminating(pod);
}

// A pod that is not healthy does not count towards its budget, which then may let it go without being asked.
bool lets_unhealthy_go(const Json& budget) {
  if (string_at(budget, {"spec", "unhealthyPodEvictionPolicy"}) == "AlwaysAllow") return true;
  const std::int64_t desired = integer_at(budget, {"status", "desiredHealthy"});
  return desired > 0 && integer_at(budget, {"status", "currentHealthy"}) >= desired;
}

// Takes one disruption from the budget, and notes the pod for which.
api::Result<void> take_disruption(Json& budget, const std::string& pod, TimePoint now) {
  const std::string name = api::name_of(budget);
  Json& status = budget["status"];
  const std::int64_t allowed = integer_at(status, {"disruptionsAllowed"});
  const Json* disrupted = find(status, {"disruptedPods"});
  if (integer_at(status, {"observedGeneration"}) < api::generation_of(budget)) return still_processed(name);
  if (allowed < 0) {
    return api::forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative");
  }
  if (disrupted != nullptr && disrupted->size() > kMaxDisruptedPods) {
    return api::forbidden("policy", "poddisruptionbudget", name,
                          "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed == 0) return refused(what_is_missing(budget, name), 0);
  status["disruptionsAllowed"] = allowed - 1;
  status["disruptedPods"][pod] = format_time(now);
  if (allowed == 1) api::set_disruption_allowed(budget, now);
  return {};
}

}  // namespace

api::Result<std::vector<Json>> Registry::Impl::budgets_of(const Json& pod) const {
  const ServedKind kind = kinds.find(api::kPodDisruptionBudgets);
  const auto page = registry.list(kind, api::namespace_of(pod), ListParams{});
  if (!page) return page.error();
  std::vector<Json> budgets;
  for (const store::RecordPtr& record : page->records) {
    auto budget = to_document(*record);
    if (!budget) return budget.error();
    if (api::covers_pod(*budget, pod)) budgets.push_back(std::move(*budget));
  }
  return budgets;
}

// Marks the pod as disrupted and deletes it, in one write.
Task<api::Result<void>> Registry::Impl::remove_evicted(CallContext& context, api::NamespacedName pod,
                                                       api::DeleteOptions options) {
  const Kind& pods = *kinds.find(api::kPods).kind;
  Decide decide = [&](const store::Record& record, Json current) -> api::Result<Decision> {
    const AdmissionRequest request{AdmissionRequest::Operation::kDelete, pods, "", pod, context, &current};
    if (auto admitted = mutate(request, nullptr); !admitted) return admitted.error();
    if (auto admitted = check(request, nullptr); !admitted) return admitted.error();
    api::set_condition(current, {"DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting"},
                       clock.now());
    return decide_removal(pods, record, std::move(current), options, clock.now());
  };
  auto modified = co_await modify(context, pods, pod, std::move(decide));
  if (!modified) co_return modified.error();
  co_return api::Result<void>();
}

Task<api::Result<void>> Registry::evict(CallContext& context, api::NamespacedName pod, api::DeleteOptions options) {
  const auto record = get(impl_->kinds.find(api::kPods), pod);
  if (!record) co_return record.error();
  const auto current = to_document(**record);
  if (!current) co_return current.error();
  if (can_ignore_budgets(*current)) co_return co_await impl_->remove_evicted(context, pod, std::move(options));

  const auto budgets = impl_->budgets_of(*current);
  if (!budgets) co_return budgets.error();
  if (budgets->empty()) co_return co_await impl_->remove_evicted(context, pod, std::move(options));
  if (budgets->size() > 1) {
    api::Status status;
    status.message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    co_return status;
  }

  const Json& budget = budgets->front();
  const std::string budget_name = api::name_of(budget);
  if (!api::is_pod_ready(*current) && lets_unhealthy_go(budget)) {
    // Only while it stays so.
    const bool is_own = options.resource_version.empty();
    if (is_own) options.resource_version = std::to_string((*record)->mod_revision);
    auto removed = co_await impl_->remove_evicted(context, pod, std::move(options));
    if (!removed && is_own && removed.error().reason == api::Reason::kConflict) co_return still_processed(budget_name);
    co_return removed;
  }
  Impl::Decide decide = [&](const store::Record&, Json stored) -> api::Result<Decision> {
    if (auto taken = take_disruption(stored, pod.name, impl_->clock.now()); !taken) return taken.error();
    return Decision{std::move(stored), false};
  };
  const Kind& kind = *impl_->kinds.find(api::kPodDisruptionBudgets).kind;
  const api::NamespacedName name{pod.namespace_, budget_name};
  auto taken = co_await impl_->modify(context, kind, name, std::move(decide));
  if (!taken) co_return taken.error();
  co_return co_await impl_->remove_evicted(context, pod, std::move(options));
}

}  // namespace skiff::server

#include "server/controllers/disruption/disruption_controller.h"

#include "api/client/indexes.h"
#include "api/views/disruption.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/orphans.h"
#include "server/controllers/write_status.h"

#include <map>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// The pods of a budget often change together: waiting this long makes one write of many.
constexpr std::chrono::milliseconds kPodsDelay{10};

bool counts_the_same(const Json& pod, const Json& old_pod) {
  return api::labels_of(pod) == api::labels_of(old_pod) && api::is_pod_ready(pod) == api::is_pod_ready(old_pod) &&
         api::is_terminating(pod) == api::is_terminating(old_pod) && api::uid_of(pod) == api::uid_of(old_pod) &&
         api::owner_references_of(pod) == api::owner_references_of(old_pod);
}

// A metav1.LabelSelector as Go prints it.
std::string selector_text(const Json& budget) {
  std::string labels;
  std::string expressions;
  if (const Json* match = find(budget, {"spec", "selector", "matchLabels"})) {
    for (const auto& [name, value] : match->items()) labels += name + ": " + value.get<std::string>() + ",";
  }
  if (const Json* match = find(budget, {"spec", "selector", "matchExpressions"})) {
    for (const Json& each : *match) {
      std::string values;
      if (const Json* list = find(each, {"values"})) {
        for (const Json& value : *list) values += (values.empty() ? "" : " ") + value.get<std::string>();
      }
      expressions += "LabelSelectorRequirement{Key:" + string_at(each, {"key"}) +
                     ",Operator:" + string_at(each, {"operator"}) + ",Values:[" + values + "],},";
    }
  }
  return "&LabelSelector{MatchLabels:map[string]string{" + labels + "},MatchExpressions:[]LabelSelectorRequirement{" +
         expressions + "},}";
}

// "daemonsets.apps", from an owner reference.
std::string resource_of(const Json& owner) {
  std::string plural = string_at(owner, {"kind"}) + "s";
  for (char& c : plural) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string version = string_at(owner, {"apiVersion"});
  const std::size_t slash = version.find('/');
  return slash == std::string::npos ? plural : plural + "." + version.substr(0, slash);
}

}  // namespace

DisruptionController::DisruptionController(const Context& context)
    : client_(context.client),
      clock_(context.clock),
      budgets_(context.informers.informer(api::kPodDisruptionBudgets)),
      pods_(context.informers.informer(api::kPods)),
      replica_sets_(context.informers.informer(api::kReplicaSets)),
      replication_controllers_(context.informers.informer(api::kReplicationControllers)),
      stateful_sets_(context.informers.informer(api::kStatefulSets)),
      deployments_(context.informers.informer(api::kDeployments)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"controllermanager", ""}),
      controller_(context.executor, context.queue_metrics, "disruption", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  add_selector_index(budgets_);
  pods_.add_index(api::kByLabel, api::by_label);
  api::InformerHandlers budgets;
  budgets.added = [this](const ObjectPtr& budget) { controller_.enqueue(key_text(*budget)); };
  budgets.updated = [this](const ObjectPtr&, const ObjectPtr& budget) { controller_.enqueue(key_text(*budget)); };
  budgets_.add_handlers(std::move(budgets));
  api::InformerHandlers pods;
  pods.added = [this](const ObjectPtr& pod) { on_pod(nullptr, pod); };
  pods.updated = [this](const ObjectPtr& old_pod, const ObjectPtr& pod) { on_pod(old_pod, pod); };
  pods.deleted = [this](const ObjectPtr& pod) { on_pod(pod, nullptr); };
  pods_.add_handlers(std::move(pods));
}

void DisruptionController::start() {
  events_.start();
  controller_.start();
}

Task<void> DisruptionController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void DisruptionController::on_pod(const ObjectPtr& old_pod, const ObjectPtr& pod) {
  if (budgets_.cache().size() == 0 || (old_pod && pod && counts_the_same(*pod, *old_pod))) return;
  for (const ObjectPtr& state : {old_pod, pod}) {
    if (!state) continue;
    for (const ObjectPtr& budget : possible_owners(budgets_, *state)) {
      if (api::covers_pod(*budget, *state)) controller_.enqueue_after(key_text(*budget), kPodsDelay);
    }
  }
}

Task<api::Result<void>> DisruptionController::sync(std::string key) {
  const ObjectPtr budget = budgets_.cache().get(parse_key(key));
  if (!budget) co_return api::Result<void>();
  const std::vector<ObjectPtr> pods = pods_of(*budget);
  if (pods.empty()) events_.normal(*budget, "NoPods", "No matching pods found");

  const TimePoint now = clock_.now();
  ExpectedScale scale;
  if (needs_scale(*budget)) {
    auto expected = expected_scale(pods);
    if (!expected) {
      const std::string why = expected.error().message;
      events_.warning(*budget, "CalculateExpectedPodCountFailed",
                      "Failed to calculate the number of expected pods: " + why);
      Json failed = *budget;
      failed["status"]["disruptionsAllowed"] = 0;
      api::set_disruption_allowed(failed, now, why);
      co_return co_await write_status(client_, api::kPodDisruptionBudgets, budget, std::move(failed["status"]));
    }
    scale = std::move(*expected);
  }
  if (!scale.unmanaged.empty()) {
    events_.warning(*budget, "UnmanagedPods",
                    "Pods selected by this PodDisruptionBudget (selector: " + selector_text(*budget) +
                        ") were found to be unmanaged. As a result, the status of the PDB cannot be calculated "
                        "correctly, which may result in undefined behavior. To account for these pods please set "
                        "\".spec.minAvailable\" field of the PDB to an integer value.");
  }
  BudgetStatus computed = budget_status(*budget, pods, scale, now);
  for (const ObjectPtr& pod : computed.not_deleted) {
    // Upstream names the namespace twice.
    const std::string namespace_ = api::namespace_of(*budget);
    events_.warning(*pod, "NotDeleted",
                    "Pod was expected by PDB " + namespace_ + "/" + namespace_ + " to be deleted but it wasn't");
  }
  const std::optional<TimePoint> recheck = computed.recheck;
  const api::Result<void> written =
      co_await write_status(client_, api::kPodDisruptionBudgets, budget, std::move(computed.budget["status"]));
  if (written && recheck) controller_.enqueue_after(key, *recheck - now + std::chrono::seconds(1));
  co_return written;
}

skiff::Result<ExpectedScale> DisruptionController::expected_scale(const std::vector<ObjectPtr>& pods) const {
  ExpectedScale expected;
  std::map<std::string, int> scales;  // of what is scaled, by uid
  std::map<std::string, bool> known;  // controllers of pods, by uid
  for (const ObjectPtr& pod : pods) {
    const Json* owner = api::controller_of(*pod);
    if (owner == nullptr) {
      expected.unmanaged.push_back(api::name_of(*pod));
      continue;
    }
    if (!known.emplace(string_at(*owner, {"uid"}), true).second) continue;
    std::string scaled_uid = string_at(*owner, {"uid"});
    const auto scale = scale_of(*owner, api::namespace_of(*pod), scaled_uid);
    if (!scale) return scale.error();
    if (*scale < 0) {
      return Error{ErrorCode::kNotFound, "found no controllers for pod \"" + api::name_of(*pod) + "\""};
    }
    scales[scaled_uid] = *scale;
  }
  for (const auto& [_, scale] : scales) expected.pods += scale;
  return expected;
}

// A ReplicaSet of a Deployment counts as that; -1 when the owner is not there (any more).
skiff::Result<int> DisruptionController::scale_of(const Json& owner, const std::string& namespace_,
                                                  std::string& scaled_uid) const {
  const std::string kind = string_at(owner, {"kind"});
  for (const api::Informer* informer : {&replication_controllers_, &stateful_sets_}) {
    if (kind != informer->resource().kind) continue;
    const ObjectPtr scaled = informer->cache().get({namespace_, string_at(owner, {"name"})});
    if (!scaled || api::uid_of(*scaled) != string_at(owner, {"uid"})) return -1;
    return static_cast<int>(integer_at(*scaled, {"spec", "replicas"}, 1));
  }
  if (kind != api::kReplicaSets.kind) {
    return Error{ErrorCode::kInvalid, resource_of(owner) + " does not implement the scale subresource"};
  }
  const ObjectPtr set = replica_sets_.cache().get({namespace_, string_at(owner, {"name"})});
  if (!set || api::uid_of(*set) != string_at(owner, {"uid"})) return -1;
  const Json* set_owner = api::controller_of(*set);
  if (set_owner == nullptr || string_at(*set_owner, {"kind"}) != api::kDeployments.kind) {
    return static_cast<int>(integer_at(*set, {"spec", "replicas"}, 1));
  }
  const ObjectPtr deployment = deployments_.cache().get({namespace_, string_at(*set_owner, {"name"})});
  if (!deployment || api::uid_of(*deployment) != string_at(*set_owner, {"uid"})) return -1;
  scaled_uid = api::uid_of(*deployment);
  return static_cast<int>(integer_at(*deployment, {"spec", "replicas"}, 1));
}

std::vector<ObjectPtr> DisruptionController::pods_of(const Json& budget) const {
  const std::string namespace_ = api::namespace_of(budget);
  const Json* labels = find(budget, {"spec", "selector", "matchLabels"});
  std::vector<ObjectPtr> pods;
  if (labels == nullptr || labels->empty()) {
    pods = pods_.cache().list(namespace_);
  } else {
    const auto first = labels->begin();
    pods = pods_.cache().by_index(api::kByLabel, api::label_value(namespace_, first.key(), first->get<std::string>()));
  }
  std::erase_if(pods, [&budget](const ObjectPtr& pod) { return !api::covers_pod(budget, *pod); });
  return pods;
}

}  // namespace skiff::controllers

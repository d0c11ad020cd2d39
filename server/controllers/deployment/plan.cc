#include "server/controllers/deployment/plan.h"

#include "api/views/meta.h"
#include "server/controllers/deployment/revision.h"
#include "server/controllers/deployment/rollout.h"
#include "server/controllers/deployment/status.h"
#include "server/controllers/template_hash.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::optional<int> integer_annotation(const Json& object, const char* name) {
  const std::string* text = api::annotation_of(object, name);
  int value = 0;
  if (text == nullptr || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

SetSize size_of(const Json& set) {
  SetSize size;
  size.name = api::name_of(set);
  size.created = api::creation_time_of(set).value_or(TimePoint());
  size.replicas = static_cast<int>(integer_at(set, {"spec", "replicas"}, 1));
  size.available = static_cast<int>(integer_at(set, {"status", "availableReplicas"}));
  size.desired_replicas = integer_annotation(set, kDesiredReplicasAnnotation);
  size.max_replicas = integer_annotation(set, kMaxReplicasAnnotation);
  return size;
}

// One planning: what is known, and the plan as it grows.
class DeploymentPlanner {
 public:
  DeploymentPlanner(const Json& deployment, const std::vector<ObjectPtr>& sets, const PodCounts& pods, TimePoint now)
      : deployment_(deployment), spec_(rollout_spec(deployment)), sets_(sets), pods_(pods), now_(now) {
    find_new_set();
  }

  DeploymentPlan plan() {
    if (api::is_terminating(deployment_)) return finish_with_counters();
    set_pause_condition(deployment_, now_);
    const bool paused = bool_at(deployment_, {"spec", "paused"});
    if (paused || is_scaling_event(spec_, all_sizes())) {
      keep_revision();
      scale();
      if (paused) clean_up();
      return finish_with_counters();
    }
    if (spec_.recreate) {
      recreate();
    } else {
      roll();
    }
    return finish();
  }

 private:
  // The ReplicaSet of the present template; the oldest, should there be several.
  void find_new_set() {
    const Json wanted = comparable_template(deployment_.at("spec").value("template", Json::object()));
    for (const ObjectPtr& set : sets_) {
      if (comparable_template(set->at("spec").value("template", Json::object())) != wanted) continue;
      const bool older = !new_set_ || api::creation_time_of(*set) < api::creation_time_of(*new_set_);
      if (older) new_set_ = set;
    }
    for (const ObjectPtr& set : sets_) {
      if (set != new_set_) old_sets_.push_back(set);
    }
    if (new_set_) new_size_ = size_of(*new_set_);
  }

  // Strategy RollingUpdate: at most one step up or down at a time.
  void roll() {
    keep_revision();
    if (!new_set_) {
      create_new_set();
    } else if (const int size = new_set_size(spec_, *new_size_, all_sizes()); size != new_size_->replicas) {
      resize({{new_size_->name, size}});
      return;
    }
    const Sizes shrunk = shrink_old_sets(spec_, new_size_, old_sizes());
    resize(shrunk);
    if (shrunk.empty()) clean_up_if_complete();
  }

  // Strategy Recreate: everything old goes first.
  void recreate() {
    keep_revision();
    Sizes sizes;
    for (const SetSize& set : old_sizes()) {
      if (set.replicas > 0) sizes[set.name] = 0;
    }
    resize(sizes);
    if (!sizes.empty() || old_pods_are_left()) return;
    if (!new_set_) {
      create_new_set();
    } else {
      if (new_size_->replicas != spec_.replicas) resize({{new_size_->name, spec_.replicas}});
      clean_up_if_complete();
    }
  }

  bool old_pods_are_left() const {
    return std::any_of(old_sets_.begin(), old_sets_.end(), [&](const ObjectPtr& set) {
      const auto pods = pods_.find(api::uid_of(*set));
      return integer_at(*set, {"status", "replicas"}) > 0 || (pods != pods_.end() && pods->second > 0);
    });
  }

  void scale() {
    const auto status_replicas = static_cast<int>(integer_at(deployment_, {"status", "replicas"}));
    resize(scale_proportionally(spec_, new_size_, old_sizes(), status_replicas));
    for (const ObjectPtr& set : sets_) {
      if (integer_at(*set, {"spec", "replicas"}, 1) > 0) note_replicas(edited(set));
    }
  }

  // The new ReplicaSet is always the one with the highest revision, also after a rollback to an older template.
  void keep_revision() {
    if (!new_set_) return;
    Json& set = edited(new_set_);
    set_revision_annotations(set, deployment_, next_revision());
    const std::int64_t min_ready = integer_at(deployment_, {"spec", "minReadySeconds"});
    if (integer_at(set, {"spec", "minReadySeconds"}) != min_ready) set["spec"]["minReadySeconds"] = min_ready;
    note_revision(set);
    const bool unknown = api::find_condition(deployment_, "Progressing") == nullptr;
    if (unknown && progress_deadline(deployment_)) {
      const api::Condition found{"Progressing", "True", kFoundNewReplicaSet,
                                 "Found new replica set \"" + new_size_->name + "\""};
      set_deployment_condition(deployment_, found, now_);
    }
  }

  std::int64_t next_revision() const {
    std::int64_t newest = 0;
    for (const ObjectPtr& set : old_sets_) newest = std::max(newest, revision_of(*set));
    return newest + 1;
  }

  void note_revision(const Json& set) {
    const std::int64_t revision = revision_of(set);
    if (revision != revision_of(deployment_)) plan_.revision = std::to_string(revision);
  }

  void create_new_set() {
    const Json& spec = deployment_.at("spec");
    const std::string hash = template_hash(spec.at("template"), integer_at(deployment_, {"status", "collisionCount"}));
    Json pod_template = spec.at("template");
    pod_template["metadata"]["labels"][kTemplateHashLabel] = hash;
    Json selector = spec.at("selector");
    selector["matchLabels"][kTemplateHashLabel] = hash;

    SetSize size;
    size.name = api::name_of(deployment_) + "-" + hash;
    size.created = now_;
    std::vector<SetSize> all = old_sizes();
    all.push_back(size);
    size.replicas = new_set_size(spec_, size, all);

    Json set = {{"apiVersion", api::kReplicaSets.api_version()},
                {"kind", api::kReplicaSets.kind},
                {"metadata",
                 {{"name", size.name},
                  {"namespace", api::namespace_of(deployment_)},
                  {"labels", pod_template["metadata"]["labels"]},
                  {"ownerReferences", Json::array({api::controller_reference(api::kDeployments, deployment_)})}}},
                {"spec", {{"replicas", size.replicas}, {"selector", std::move(selector)}, {"template", pod_template}}}};
    if (const std::int64_t min_ready = integer_at(deployment_, {"spec", "minReadySeconds"}); min_ready > 0) {
      set["spec"]["minReadySeconds"] = min_ready;
    }
    set_revision_annotations(set, deployment_, next_revision());
    note_replicas(set);
    note_revision(set);
    if (progress_deadline(deployment_)) {
      const api::Condition created{"Progressing", "True", kNewReplicaSetCreated,
                                   "Created new replica set \"" + size.name + "\""};
      set_deployment_condition(deployment_, created, now_);
    }
    plan_.create = std::move(set);
    new_size_ = size;
  }

  // The Deployment's annotations on a ReplicaSet that it sizes.
  void note_replicas(Json& set) const {
    set_replicas_annotations(set, spec_.replicas, spec_.replicas + spec_.max_surge);
  }

  void resize(const Sizes& sizes) {
    for (const ObjectPtr& set : sets_) {
      const auto size = sizes.find(api::name_of(*set));
      if (size == sizes.end()) continue;
      Json& changed = edited(set);
      changed["spec"]["replicas"] = size->second;
      note_replicas(changed);
    }
  }

  void clean_up_if_complete() {
    if (is_complete(deployment_, deployment_.value("status", Json::object()), spec_)) clean_up();
  }

  // Old ReplicaSets beyond revisionHistoryLimit go, the oldest revisions first, if nothing of them is left.
  void clean_up() {
    constexpr std::int64_t kNone = std::numeric_limits<std::int32_t>::max();
    const std::int64_t limit = integer_at(deployment_, {"spec", "revisionHistoryLimit"}, kNone);
    if (limit == kNone) return;
    std::vector<ObjectPtr> sets;
    for (const ObjectPtr& set : old_sets_) {
      if (!api::is_terminating(*set)) sets.push_back(set);
    }
    std::sort(sets.begin(), sets.end(),
              [](const ObjectPtr& a, const ObjectPtr& b) { return revision_of(*a) < revision_of(*b); });
    const auto surplus = std::max<std::int64_t>(0, static_cast<std::int64_t>(sets.size()) - limit);
    for (std::int64_t i = 0; i < surplus; ++i) {
      const Json& set = *sets[static_cast<std::size_t>(i)];
      const bool in_use = integer_at(set, {"spec", "replicas"}, 1) != 0 || integer_at(set, {"status", "replicas"}) != 0;
      const bool observed = api::generation_of(set) <= integer_at(set, {"status", "observedGeneration"});
      if (!in_use && observed) plan_.remove.push_back(sets[static_cast<std::size_t>(i)]);
    }
  }

  DeploymentPlan finish_with_counters() {
    plan_.status = counted_status(deployment_, spec_, sets_, new_set_, now_);
    return take_plan();
  }

  DeploymentPlan finish() {
    plan_.status = rollout_status(deployment_, spec_, sets_, new_set_, new_size_ ? new_size_->name : "", now_);
    plan_.check_again_at = progress_check_time(deployment_, plan_.status, spec_);
    return take_plan();
  }

  DeploymentPlan take_plan() {
    for (auto& [set, changed] : edits_) {
      if (changed != *set) plan_.update.push_back(ReplicaSetUpdate{set, std::move(changed)});
    }
    return std::move(plan_);
  }

  // The copy of the ReplicaSet that collects its changes.
  Json& edited(const ObjectPtr& set) {
    const auto known = std::find_if(edits_.begin(), edits_.end(), [&](const auto& edit) { return edit.first == set; });
    if (known != edits_.end()) return known->second;
    edits_.emplace_back(set, *set);
    return edits_.back().second;
  }

  std::vector<SetSize> old_sizes() const {
    std::vector<SetSize> sizes;
    for (const ObjectPtr& set : old_sets_) sizes.push_back(size_of(*set));
    return sizes;
  }

  std::vector<SetSize> all_sizes() const {
    std::vector<SetSize> sizes = old_sizes();
    if (new_size_) sizes.push_back(*new_size_);
    return sizes;
  }

  Json deployment_;  // conditions are set in it before the status is computed
  const RolloutSpec spec_;
  const std::vector<ObjectPtr>& sets_;
  const PodCounts& pods_;
  const TimePoint now_;
  ObjectPtr new_set_;                // as it is; null when it does not exist yet
  std::optional<SetSize> new_size_;  // also of the one that is about to be made
  std::vector<ObjectPtr> old_sets_;
  std::vector<std::pair<ObjectPtr, Json>> edits_;
  DeploymentPlan plan_;
};

}  // namespace

DeploymentPlan plan_deployment(const Json& deployment, const std::vector<ObjectPtr>& sets, const PodCounts& pods,
                               TimePoint now) {
  return DeploymentPlanner(deployment, sets, pods, now).plan();
}

Json status_of_failed_create(const Json& deployment, const std::string& set_name, const std::string& message,
                             TimePoint now) {
  Json updated = deployment;
  if (!progress_deadline(deployment)) return updated.value("status", Json::object());
  const api::Condition failed{"Progressing", "False", kReplicaSetCreateError,
                              "Failed to create new replica set \"" + set_name + "\": " + message};
  set_deployment_condition(updated, failed, now);
  return std::move(updated["status"]);
}

}  // namespace skiff::controllers

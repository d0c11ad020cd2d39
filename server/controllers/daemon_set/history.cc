#include "server/controllers/daemon_set/history.h"

#include "api/resource.h"
#include "api/views/meta.h"
#include "server/controllers/daemon_set/daemon_pod.h"
#include "server/controllers/template_hash.h"

#include <algorithm>
#include <set>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::int64_t number_of(const ObjectPtr& revision) { return integer_at(*revision, {"revision"}); }

bool has_lower_number(const ObjectPtr& a, const ObjectPtr& b) { return number_of(a) < number_of(b); }

}  // namespace

Json revision_data(const Json& daemon_set) {
  Json pod_template = daemon_set.at("spec").at("template");
  pod_template["$patch"] = "replace";
  return {{"spec", {{"template", std::move(pod_template)}}}};
}

HistoryPlan plan_history(const Json& daemon_set, const std::vector<ObjectPtr>& revisions) {
  const Json data = revision_data(daemon_set);
  HistoryPlan plan;
  for (const ObjectPtr& revision : revisions) {
    (revision->value("data", Json()) == data ? plan.duplicates : plan.old).push_back(revision);
  }
  for (const ObjectPtr& revision : plan.old) plan.number = std::max(plan.number, number_of(revision) + 1);
  if (plan.duplicates.empty()) return plan;
  const auto newest = std::max_element(plan.duplicates.begin(), plan.duplicates.end(), has_lower_number);
  plan.current = *newest;
  plan.duplicates.erase(newest);
  plan.number = std::max(plan.number, number_of(plan.current));
  return plan;
}

Json new_revision(const Json& daemon_set, std::int64_t number) {
  const std::string hash =
      template_hash(daemon_set.at("spec").at("template"), integer_at(daemon_set, {"status", "collisionCount"}));
  const Json* template_labels = find(daemon_set, {"spec", "template", "metadata", "labels"});
  Json labels = template_labels == nullptr ? Json::object() : *template_labels;
  labels[kRevisionHashLabel] = hash;
  Json metadata{{"name", api::name_of(daemon_set) + "-" + hash},
                {"namespace", api::namespace_of(daemon_set)},
                {"labels", std::move(labels)},
                {"ownerReferences", Json::array({api::controller_reference(api::kDaemonSets, daemon_set)})}};
  if (const Json& annotations = api::annotations_of(daemon_set); !annotations.empty()) {
    metadata["annotations"] = annotations;
  }
  return {{"apiVersion", api::kControllerRevisions.api_version()},
          {"kind", api::kControllerRevisions.kind},
          {"metadata", std::move(metadata)},
          {"data", revision_data(daemon_set)},
          {"revision", number}};
}

std::string hash_of(const Json& revision) {
  const std::string* hash = api::label_of(revision, kRevisionHashLabel);
  return hash == nullptr ? api::name_of(revision) : *hash;
}

std::vector<ObjectPtr> surplus_history(const Json& daemon_set, std::vector<ObjectPtr> old,
                                       const std::vector<ObjectPtr>& pods) {
  const std::int64_t surplus =
      static_cast<std::int64_t>(old.size()) - integer_at(daemon_set, {"spec", "revisionHistoryLimit"}, 10);
  std::set<std::string> in_use;
  for (const ObjectPtr& pod : pods) {
    if (const std::string* hash = api::label_of(*pod, kRevisionHashLabel)) in_use.insert(*hash);
  }
  std::erase_if(old, [&](const ObjectPtr& revision) { return in_use.contains(hash_of(*revision)); });
  std::sort(old.begin(), old.end(), has_lower_number);
  old.resize(std::min(old.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, surplus))));
  return old;
}

}  // namespace skiff::controllers

#include "server/controllers/revisions.h"

#include "api/resource.h"
#include "api/views/meta.h"
#include "server/controllers/template_hash.h"

#include <algorithm>
#include <string>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::int64_t number_of(const ObjectPtr& revision) { return integer_at(*revision, {"revision"}); }

}  // namespace

bool has_lower_number(const ObjectPtr& a, const ObjectPtr& b) { return number_of(a) < number_of(b); }

Json revision_data(const Json& owner) {
  Json pod_template = owner.at("spec").at("template");
  pod_template["$patch"] = "replace";
  return {{"spec", {{"template", std::move(pod_template)}}}};
}

HistoryPlan plan_history(const Json& owner, const std::vector<ObjectPtr>& revisions) {
  const Json data = revision_data(owner);
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

Json make_revision(const api::ResourceType& owner_type, const Json& owner, const char* hash_label,
                   std::int64_t number) {
  const std::string hash =
      template_hash(owner.at("spec").at("template"), integer_at(owner, {"status", "collisionCount"}));
  const Json* template_labels = find(owner, {"spec", "template", "metadata", "labels"});
  Json labels = template_labels == nullptr ? Json::object() : *template_labels;
  labels[hash_label] = hash;
  Json metadata{{"name", api::name_of(owner) + "-" + hash},
                {"namespace", api::namespace_of(owner)},
                {"labels", std::move(labels)},
                {"ownerReferences", Json::array({api::controller_reference(owner_type, owner)})}};
  if (const Json& annotations = api::annotations_of(owner); !annotations.empty()) {
    metadata["annotations"] = annotations;
  }
  return {{"apiVersion", api::kControllerRevisions.api_version()},
          {"kind", api::kControllerRevisions.kind},
          {"metadata", std::move(metadata)},
          {"data", revision_data(owner)},
          {"revision", number}};
}

}  // namespace skiff::controllers

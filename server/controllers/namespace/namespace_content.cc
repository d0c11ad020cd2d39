#include "server/controllers/namespace/namespace_content.h"

#include "api/views/conditions.h"

#include <algorithm>

namespace skiff::controllers {

namespace {

// "pods. has 2 resource instances, secrets. has 1 resource instances".
std::string list_counts(const std::map<std::string, int>& counts, const char* between) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + between + std::to_string(count) + " resource instances";
  }
  return text;
}

api::Condition content_failure(std::vector<std::string> errors) {
  if (errors.empty()) {
    return {"NamespaceDeletionContentFailure", "False", "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization"};
  }
  std::sort(errors.begin(), errors.end());
  std::string message = "Failed to delete all resource types, " + std::to_string(errors.size()) + " remaining: ";
  for (const std::string& error : errors) message += (&error == &errors.front() ? "" : ", ") + error;
  return {"NamespaceDeletionContentFailure", "True", "ContentDeletionFailed", message};
}

}  // namespace

bool set_deletion_conditions(Json& namespace_object, const RemainingContent& remaining, TimePoint now) {
  std::vector<api::Condition> conditions = {
      {"NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"},
      {"NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions",
       "All legacy kube types successfully parsed"},
      content_failure(remaining.errors)};
  if (remaining.objects.empty()) {
    conditions.push_back({"NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"});
  } else {
    conditions.push_back({"NamespaceContentRemaining", "True", "SomeResourcesRemain",
                          "Some resources are remaining: " + list_counts(remaining.objects, " has ")});
  }
  if (remaining.finalizers.empty()) {
    conditions.push_back({"NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers",
                          "All content-preserving finalizers finished"});
  } else {
    conditions.push_back(
        {"NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain",
         "Some content in the namespace has finalizers remaining: " + list_counts(remaining.finalizers, " in ")});
  }
  bool changed = false;
  for (const api::Condition& condition : conditions) {
    changed = api::set_condition(namespace_object, condition, now) || changed;
  }
  return changed;
}

}  // namespace skiff::controllers

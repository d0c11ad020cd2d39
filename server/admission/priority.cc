#include "api/views/meta.h"
#include "server/admission/plugins.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

namespace skiff::server {

namespace {

using Operation = AdmissionRequest::Operation;

// In a record's bytes no string can hold this, since its quotes would be escaped: the only default is found without
// parsing the others.
constexpr std::string_view kIsGlobalDefault = "\"globalDefault\":true";

// The class of pods that name none, or null when there is no such class.
api::Result<Json> default_class(const Registry& registry) {
  const auto page = registry.list(registry.kinds().find(api::kPriorityClasses), "", ListParams());
  if (!page) return page.error();
  Json found;
  for (const store::RecordPtr& record : page->records) {
    if (record->value.find(kIsGlobalDefault) == std::string::npos) continue;
    auto document = to_document(*record);
    if (!document) return document.error();
    // Two creations at once may have made two defaults: then the lower one counts.
    if (found.is_null() || integer_at(*document, {"value"}) < integer_at(found, {"value"}))
      found = std::move(*document);
  }
  return {boost::system::in_place_value, std::move(found)};
}

api::Result<Json> class_of(const AdmissionRequest& request, const Json& pod, const Registry& registry) {
  const std::string name = string_at(pod, {"spec", "priorityClassName"});
  if (name.empty()) return default_class(registry);
  const auto record = registry.get(registry.kinds().find(api::kPriorityClasses), api::NamespacedName{"", name});
  if (record) return to_document(**record);
  if (record.error().reason != api::Reason::kNotFound) return record.error();
  return refusal(request, pod, "no PriorityClass with name " + name + " was found");
}

api::Result<void> admit_pod(const AdmissionRequest& request, Json& pod, const Registry& registry) {
  const api::Result<Json> found = class_of(request, pod, registry);
  if (!found) return found.error();
  Json& spec = pod["spec"];
  const std::int64_t priority = integer_at(*found, {"value"});
  const std::string policy = string_at(*found, {"preemptionPolicy"}, "PreemptLowerPriority");
  if (!found->is_null()) spec["priorityClassName"] = api::name_of(*found);

  const auto refuse = [&](const std::string& what, const std::string& computed) {
    return refusal(request, pod,
                   what + " must not be provided in pod spec; priority admission controller computed " + computed +
                       " from the given PriorityClass name");
  };
  if (const Json* given = find(spec, {"priority"}); given != nullptr && *given != priority) {
    return refuse("the integer value of priority (" + to_json_text(*given) + ")", std::to_string(priority));
  }
  if (const std::string given = string_at(spec, {"preemptionPolicy"}); !given.empty() && given != policy) {
    return refuse("the string value of PreemptionPolicy (" + given + ")", policy);
  }
  spec["priority"] = priority;
  spec["preemptionPolicy"] = policy;
  return {};
}

// Who sends a manifest again does not mean to take away what was computed when it first came.
void keep_computed(Json& spec, const Json& old_object) {
  for (const char* member : {"priority", "preemptionPolicy"}) {
    const Json* old = find(old_object, {"spec", member});
    if (old != nullptr && !spec.contains(member)) spec[member] = *old;
  }
}

// At most one class is the default.
api::Result<void> check_default(const AdmissionRequest& request, const Json& object, const Registry& registry) {
  if (!bool_at(object, {"globalDefault"})) return {};
  const api::Result<Json> current = default_class(registry);
  if (!current) return current.error();
  const std::string name = api::name_of(*current);
  if (current->is_null() || (request.operation == Operation::kUpdate && name == api::name_of(object))) return {};
  return api::forbidden(request.kind.group(), request.kind.plural, api::name_of(object),
                        "PriorityClass " + name + " is already marked as default. Only one default can exist");
}

class Priority final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    if (request.kind.kind != "Pod" || !request.subresource.empty()) return {};
    if (request.operation == Operation::kCreate) return admit_pod(request, *object, registry);
    if (request.operation == Operation::kUpdate) keep_computed((*object)["spec"], *request.old_object);
    return {};
  }

  [[nodiscard]] api::Result<void> check(const AdmissionRequest& request, const Json* object,
                                        const Registry& registry) const override {
    if (request.kind.kind != "PriorityClass") return {};
    if (request.operation != Operation::kDelete) return check_default(request, *object, registry);
    if (request.name.name != "system-cluster-critical" && request.name.name != "system-node-critical") return {};
    return api::forbidden(request.kind.group(), request.kind.plural, request.name.name,
                          "this is a system priority class and cannot be deleted");
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> priority() { return std::make_unique<Priority>(); }

}  // namespace skiff::server

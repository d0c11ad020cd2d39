#include "api/schema/conversion.h"
#include "api/schema/go_text.h"
#include "api/schema/merge.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

#include <algorithm>

namespace skiff::server {

namespace {

api::Result<Json> apply(const api::schema::Struct& type, api::PatchType patch_type, Json object, const Json& patch) {
  switch (patch_type) {
    case api::PatchType::kJson:
      return api::schema::apply_json_patch(std::move(object), patch);
    case api::PatchType::kMerge:
      return api::schema::apply_merge_patch(std::move(object), patch);
    case api::PatchType::kStrategicMerge:
      return api::schema::apply_strategic_merge_patch(type, std::move(object), patch);
    case api::PatchType::kApply:
      break;
  }
  return api::internal_error("a configuration is applied to an object, not to a document");
}

// What was wrong with a document, without the sentence that a decoder puts around it.
std::string cause_of(const api::Status& error) {
  constexpr std::string_view kWrapper = "cannot be handled as a ";
  const std::string& message = error.message;
  if (const std::size_t wrapper = message.find(kWrapper); wrapper != std::string::npos) {
    if (const std::size_t colon = message.find(": ", wrapper); colon != std::string::npos) {
      return message.substr(colon + 2);
    }
  }
  return message;
}

// A patched document that is no object of the kind is a bad patch: 422 with the document, not 400.
api::Status bad_document(const Json& document, std::string why) {
  api::FieldErrors errors;
  errors.invalid("patch", to_json_text(document), std::move(why));
  return api::invalid("", "", "", errors);
}

// After a strategic merge, upstream shows the patch instead of what it made, as Go prints it.
api::Status bad_strategic_patch(const Json& patch, std::string why) {
  api::FieldErrors errors;
  errors.invalid("patch", api::schema::internal::go_text(patch), std::move(why));
  return api::invalid("", "", "", errors);
}

// What the operations of a JSON patch have that means nothing: told like unknown fields of an object. Takes over what
// the parser of the body has found.
std::vector<std::string> take_findings(const Json& patch, WriteParams& params) {
  constexpr std::string_view kMembers[] = {"op", "path", "from", "value"};
  std::vector<std::string> findings;
  for (const std::string& field : std::exchange(params.duplicate_fields, {})) {
    findings.push_back("json patch duplicate field " + to_json_text(field));
  }
  for (std::size_t i = 0; i < patch.size() && patch.is_array(); ++i) {
    if (!patch[i].is_object()) continue;
    for (const auto& [name, value] : patch[i].items()) {
      if (std::find(std::begin(kMembers), std::end(kMembers), name) != std::end(kMembers)) continue;
      findings.push_back("json patch unknown field " + to_json_text(api::child(api::index("", i), name)));
    }
  }
  return params.field_validation == FieldValidation::kIgnore ? std::vector<std::string>() : findings;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& each : texts) text += (text.empty() ? "" : ", ") + each;
  return text;
}

// Whether the patch is about the managers, which it is otherwise not worth to carry through all the copies.
bool touches_managed_fields(api::PatchType type, const Json& patch) {
  if (type != api::PatchType::kJson) return find(patch, {"metadata", "managedFields"}) != nullptr;
  return std::any_of(patch.begin(), patch.end(), [](const Json& operation) {
    for (const char* member : {"path", "from"}) {
      const Json* pointer = find(operation, {member});
      if (pointer == nullptr || !pointer->is_string()) continue;
      const std::string& path = pointer->get_ref<const std::string&>();
      if (path.empty() || path == "/metadata" || path.starts_with("/metadata/managedFields")) return true;
    }
    return false;
  });
}

}  // namespace

Task<api::Result<Registry::Written>> Registry::patch(CallContext& context, ServedKind kind, api::NamespacedName name,
                                                     std::string subresource, api::PatchType type, Json patch,
                                                     WriteParams params) {
  if (auto known = Impl::check_subresource(*kind.kind, subresource); !known) co_return known.error();
  if (type == api::PatchType::kApply) {
    co_return co_await impl_->apply(context, kind, std::move(name), std::move(subresource), std::move(patch),
                                    std::move(params));
  }
  const FieldManager fields(kind, subresource, context, impl_->clock.now());
  const bool shows_managers = touches_managed_fields(type, patch);
  std::vector<std::string> findings;
  if (type == api::PatchType::kJson) findings = take_findings(patch, params);
  struct Patched {
    Json object;
    ManagedFields managed_fields;
  };
  auto patched_scale = [&](const Json& current, std::string_view stored) -> api::Result<Patched> {
    const Json old_scale = Impl::scale_document(*kind.kind, current);
    auto scale = apply(impl_->scale_type(), type, old_scale, patch);
    if (!scale) return scale.error();
    auto object = Impl::with_scale(current, *scale);
    if (!object) return object.error();
    const Json new_scale = Impl::scale_document(*kind.kind, *object);
    return Patched{std::move(*object), fields.update_scale(impl_->scale_type(), stored, old_scale, new_scale)};
  };
  auto patched_document = [&](const Json& current, std::string_view stored) -> api::Result<Json> {
    Json shown = Impl::to_version(kind, current);
    if (shows_managers && !stored.empty()) {
      auto managers = parse_json(stored);
      if (!managers) return api::internal_error("the managers of " + name.name + " are no JSON");
      shown["metadata"]["managedFields"] = std::move(managers->value);
    }
    auto document = apply(*kind.version->type, type, std::move(shown), patch);
    if (document && type == api::PatchType::kStrategicMerge) {
      // The type of what is made of it is known already.
      (*document)["apiVersion"] = kind.version->api_version();
      (*document)["kind"] = kind.kind->kind;
    }
    return document;
  };
  // Makes the document once more, for the message.
  auto bad_patch = [&](const api::Status& error, const Json& current, std::string_view stored) {
    const Json document = *patched_document(current, stored);
    if (type != api::PatchType::kStrategicMerge) return bad_document(document, cause_of(error));
    auto problem = api::schema::conversion_problem(*kind.version->type, document);
    return bad_strategic_patch(patch, problem ? std::move(*problem) : cause_of(error));
  };
  auto patched_object = [&](const Json& current, std::string_view stored) -> api::Result<Patched> {
    auto document = patched_document(current, stored);
    if (!document) return document.error();
    if (!findings.empty() && params.field_validation == FieldValidation::kStrict) {
      return bad_document(*document, "strict decoding error: " + joined(findings));
    }
    for (const std::string& finding : findings) context.warn(finding);
    auto object = impl_->decode(context, kind, std::move(*document), params);
    if (!object) return bad_patch(object.error(), current, stored);
    ManagedFields managed_fields = fields.update(stored, current, *object);
    return Patched{std::move(*object), std::move(managed_fields)};
  };
  Impl::Decide decide = [&](const store::Record& record, Json current) -> api::Result<Decision> {
    const std::string_view stored = managed_fields_of(record);
    auto patched = subresource == "scale" ? patched_scale(current, stored) : patched_object(current, stored);
    if (!patched) return patched.error();
    return impl_->replace(context, *kind.kind, name, subresource, record, current, std::move(patched->object),
                          std::move(patched->managed_fields));
  };
  auto modified = co_await impl_->modify(context, *kind.kind, name, std::move(decide));
  if (!modified) co_return modified.error();
  co_return Written{modified->record, false};
}

}  // namespace skiff::server

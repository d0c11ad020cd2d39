#include "api/schema/merge.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

api::Result<Json> apply(const api::schema::Struct* type, api::PatchType patch_type, const Json& object,
                        const Json& patch) {
  switch (patch_type) {
    case api::PatchType::kJson:
      return api::schema::apply_json_patch(object, patch);
    case api::PatchType::kMerge:
      return api::schema::apply_merge_patch(object, patch);
    case api::PatchType::kStrategicMerge:
      if (type != nullptr) return api::schema::apply_strategic_merge_patch(*type, object, patch);
      break;
    case api::PatchType::kApply:
      break;
  }
  api::Status status;
  status.reason = api::Reason::kUnsupportedMediaType;
  status.message =
      "the body of the request was in an unknown format - accepted media types include: "
      "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";
  return status;
}

// A patched document that is no object of the kind is a bad patch: 422 with the document, not 400.
api::Status bad_patch(const api::Status& error, const Json& document) {
  constexpr std::string_view kWrapper = "cannot be handled as a ";
  std::string why = error.message;
  if (const std::size_t wrapper = why.find(kWrapper); wrapper != std::string::npos) {
    if (const std::size_t colon = why.find(": ", wrapper); colon != std::string::npos) why = why.substr(colon + 2);
  }
  api::FieldErrors errors;
  errors.invalid("patch", to_json_text(document), std::move(why));
  return api::invalid("", "", "", errors);
}

}  // namespace

Task<api::Result<Registry::Written>> Registry::patch(CallContext& context, ServedKind kind, api::NamespacedName name,
                                                     std::string subresource, api::PatchType type, Json patch,
                                                     WriteParams params) {
  if (auto known = Impl::check_subresource(*kind.kind, subresource); !known) co_return known.error();
  auto patched_scale = [&](const Json& current) -> api::Result<Json> {
    const api::schema::Struct* scale_type = impl_->catalog.find_kind("autoscaling", "v1", "Scale");
    auto scale = apply(scale_type, type, Impl::scale_document(*kind.kind, current), patch);
    if (!scale) return scale.error();
    return Impl::with_scale(current, *scale);
  };
  auto patched_object = [&](const Json& current) -> api::Result<Json> {
    auto document = apply(kind.version->type, type, Impl::to_version(kind, current), patch);
    if (!document) return document.error();
    auto object = impl_->decode(context, kind, *document, params);
    if (!object) return bad_patch(object.error(), *document);
    return object;
  };
  Impl::Decide decide = [&](const store::Record& record, const Json& current) -> api::Result<Decision> {
    auto object = subresource == "scale" ? patched_scale(current) : patched_object(current);
    if (!object) return object.error();
    return impl_->replace(context, *kind.kind, name, subresource, record, current, std::move(*object));
  };
  auto modified = co_await impl_->modify(context, *kind.kind, name, std::move(decide));
  if (!modified) co_return modified.error();
  co_return Written{modified->record, false};
}

}  // namespace skiff::server

#include "api/schema/merge.h"
#include "server/registry/field_manager.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

api::Result<Json> apply(const api::schema::Struct& type, api::PatchType patch_type, const Json& object,
                        const Json& patch) {
  switch (patch_type) {
    case api::PatchType::kJson:
      return api::schema::apply_json_patch(object, patch);
    case api::PatchType::kMerge:
      return api::schema::apply_merge_patch(object, patch);
    case api::PatchType::kStrategicMerge:
      return api::schema::apply_strategic_merge_patch(type, object, patch);
    case api::PatchType::kApply:
      break;
  }
  return api::internal_error("a configuration is applied to an object, not to a document");
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
  if (type == api::PatchType::kApply) {
    co_return co_await impl_->apply(context, kind, std::move(name), std::move(subresource), std::move(patch),
                                    std::move(params));
  }
  const FieldManager fields(kind, subresource, context, impl_->clock.now());
  auto patched_scale = [&](const Json& current) -> api::Result<Json> {
    const Json old_scale = Impl::scale_document(*kind.kind, current);
    auto scale = apply(impl_->scale_type(), type, old_scale, patch);
    if (!scale) return scale.error();
    auto object = Impl::with_scale(current, *scale);
    if (!object) return object.error();
    fields.update_scale(impl_->scale_type(), old_scale, Impl::scale_document(*kind.kind, *object), *object);
    return object;
  };
  auto patched_object = [&](const Json& current) -> api::Result<Json> {
    auto document = apply(*kind.version->type, type, Impl::to_version(kind, current), patch);
    if (!document) return document.error();
    auto object = impl_->decode(context, kind, *document, params);
    if (!object) return bad_patch(object.error(), *document);
    fields.update(current, *object);
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

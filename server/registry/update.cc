#include "server/registry/address.h"
#include "server/registry/impl.h"

namespace skiff::server {

Task<api::Result<Registry::Written>> Registry::update(CallContext& context, ServedKind kind, api::NamespacedName name,
                                                      std::string subresource, Json object, WriteParams params) {
  if (auto known = Impl::check_subresource(*kind.kind, subresource); !known) co_return known.error();
  const FieldManager fields(kind, subresource, context, impl_->clock.now());
  Impl::Decide decide;
  if (subresource == "scale") {
    decide = [&](const store::Record& record, Json current) -> api::Result<Decision> {
      auto scaled = Impl::with_scale(current, object);
      if (!scaled) return scaled.error();
      ManagedFields managed_fields =
          fields.update_scale(impl_->scale_type(), managed_fields_of(record), Impl::scale_document(*kind.kind, current),
                              Impl::scale_document(*kind.kind, *scaled));
      return impl_->replace(context, *kind.kind, name, subresource, record, current, std::move(*scaled),
                            std::move(managed_fields));
    };
  } else {
    auto decoded = impl_->decode(context, kind, std::move(object), params);
    if (!decoded) co_return decoded.error();
    object = std::move(*decoded);
    if (auto checked = take_address(*kind.kind, name, object); !checked) co_return checked.error();
    decide = [&](const store::Record& record, Json current) {
      Json wanted = object;
      ManagedFields managed_fields = fields.update(managed_fields_of(record), current, wanted);
      return impl_->replace(context, *kind.kind, name, subresource, record, current, std::move(wanted),
                            std::move(managed_fields));
    };
    if (subresource.empty() && kind.kind->strategy->allow_create_on_update() &&
        !impl_->store.get(Impl::key_of(*kind.kind, name))) {
      ManagedFields managed_fields = fields.create(object);
      auto created =
          co_await impl_->create(context, *kind.kind, name.namespace_, std::move(object), std::move(managed_fields));
      if (!created) co_return created.error();
      co_return Written{*created, true};
    }
  }
  auto modified = co_await impl_->modify(context, *kind.kind, name, std::move(decide));
  if (!modified) co_return modified.error();
  co_return Written{modified->record, false};
}

}  // namespace skiff::server

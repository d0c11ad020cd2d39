#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

// That the object is the one that the request addresses.
api::Result<void> check_address(const Kind& kind, const api::NamespacedName& name, Json& object) {
  Json& metadata = metadata_of(object);
  const std::string own_name = string_at(metadata, {"name"});
  if (own_name.empty()) {
    return api::bad_request("the name of the object (" + name.name +
                            " based on URL) was undeterminable: name must be provided");
  }
  if (own_name != name.name) {
    return api::bad_request("the name of the object (" + own_name + ") does not match the name on the URL (" +
                            name.name + ")");
  }
  if (!kind.namespaced) {
    metadata.erase("namespace");
    return {};
  }
  const std::string own_namespace = string_at(metadata, {"namespace"}, name.namespace_);
  if (own_namespace != name.namespace_) {
    return api::bad_request("the namespace of the object (" + own_namespace +
                            ") does not match the namespace on the request (" + name.namespace_ + ")");
  }
  metadata["namespace"] = name.namespace_;
  return {};
}

}  // namespace

Task<api::Result<Registry::Written>> Registry::update(CallContext& context, ServedKind kind, api::NamespacedName name,
                                                      std::string subresource, Json object, WriteParams params) {
  if (auto known = Impl::check_subresource(*kind.kind, subresource); !known) co_return known.error();
  Impl::Decide decide;
  if (subresource == "scale") {
    decide = [&](const store::Record& record, Json current) -> api::Result<Decision> {
      auto scaled = Impl::with_scale(current, object);
      if (!scaled) return scaled.error();
      return impl_->replace(context, *kind.kind, name, subresource, record, current, std::move(*scaled));
    };
  } else {
    auto decoded = impl_->decode(context, kind, std::move(object), params);
    if (!decoded) co_return decoded.error();
    object = std::move(*decoded);
    if (auto checked = check_address(*kind.kind, name, object); !checked) co_return checked.error();
    decide = [&](const store::Record& record, const Json& current) {
      return impl_->replace(context, *kind.kind, name, subresource, record, current, object);
    };
    if (subresource.empty() && kind.kind->strategy->allow_create_on_update() &&
        !impl_->store.get(Impl::key_of(*kind.kind, name))) {
      auto created = co_await impl_->create(context, *kind.kind, name.namespace_, std::move(object));
      if (!created) co_return created.error();
      co_return Written{*created, true};
    }
  }
  auto modified = co_await impl_->modify(context, *kind.kind, name, std::move(decide));
  if (!modified) co_return modified.error();
  co_return Written{modified->record, false};
}

}  // namespace skiff::server

#include "server/registry/impl.h"
#include "server/registry/removal.h"

namespace skiff::server {

namespace {

void warn_of_orphans(CallContext& context, const Kind& kind, const api::DeleteOptions& options) {
  const std::string_view warning = kind.strategy->deletion_warning();
  if (options.propagation_policy.empty() && !warning.empty()) context.warn(std::string(warning));
}

}  // namespace

Task<api::Result<Registry::Deleted>> Registry::remove(CallContext& context, ServedKind kind, api::NamespacedName name,
                                                      api::DeleteOptions options) {
  warn_of_orphans(context, *kind.kind, options);
  Impl::Decide decide = [&](const store::Record& record, Json current) -> api::Result<Decision> {
    const AdmissionRequest request{AdmissionRequest::Operation::kDelete, *kind.kind, "", name, context, &current};
    if (auto admitted = impl_->mutate(request, nullptr); !admitted) return admitted.error();
    if (auto admitted = impl_->check(request, nullptr); !admitted) return admitted.error();
    return decide_removal(*kind.kind, record, std::move(current), options, impl_->clock.now());
  };
  auto modified = co_await impl_->modify(context, *kind.kind, name, std::move(decide));
  if (!modified) co_return modified.error();
  co_return Deleted{modified->record, modified->removed};
}

Task<api::Result<ListPage>> Registry::remove_collection(CallContext& context, ServedKind kind, std::string namespace_,
                                                        ListParams params, api::DeleteOptions options) {
  warn_of_orphans(context, *kind.kind, options);
  auto page = list(kind, namespace_, params);
  if (!page) co_return page.error();
  for (const store::RecordPtr& record : page->records) {
    const auto document = to_document(*record);
    if (!document) co_return document.error();
    api::NamespacedName name{string_at(*document, {"metadata", "namespace"}),
                             string_at(*document, {"metadata", "name"})};
    const auto removed = co_await remove(context, kind, std::move(name), options);
    if (!removed && removed.error().reason != api::Reason::kNotFound) co_return removed.error();
  }
  co_return std::move(*page);
}

}  // namespace skiff::server

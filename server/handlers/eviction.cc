#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

// A deletion that respects the preconditions and grace period that the Eviction carries. There are no
// PodDisruptionBudgets yet that could refuse it.
VerbResult evict_pod(ResourceCall& call) {
  const api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  const api::Result<Json> eviction =
      read_body_as(call.request, call.type("policy", "v1", "Eviction"), call.parts.catalog);
  if (!eviction) co_return eviction.error();
  const std::string named = string_at(*eviction, {"metadata", "name"}, call.info.name);
  if (named != call.info.name) co_return api::bad_request("name in URL does not match name in Eviction object");

  const Json* document = find(*eviction, {"deleteOptions"});
  const Json none = Json::object();
  api::Result<DeleteQuery> options = delete_query_of(document != nullptr ? *document : none);
  if (!options) co_return options.error();
  call.context.dry_run = query->dry_run || options->dry_run;
  const api::Result<Registry::Deleted> deleted =
      co_await call.registry.remove(call.context, call.kind, call.name(), std::move(options->options));
  if (!deleted) co_return deleted.error();
  co_return call.success_response(201);
}

}  // namespace skiff::server

#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

// A deletion with the preconditions and grace period that the Eviction carries, if the pod's disruption budget allows
// it.
VerbResult evict_pod(ResourceCall& call) {
  const api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  const api::Result<Json> eviction =
      read_body_as(call.request, {&call.type("policy", "v1", "Eviction"), &call.type("policy", "v1beta1", "Eviction")},
                   call.parts.catalog);
  if (!eviction) co_return eviction.error();
  const std::string named = string_at(*eviction, {"metadata", "name"}, call.info.name);
  if (named != call.info.name) co_return api::bad_request("name in URL does not match name in Eviction object");

  const Json* document = find(*eviction, {"deleteOptions"});
  const Json none = Json::object();
  api::Result<DeleteQuery> options = delete_query_of(document != nullptr ? *document : none);
  if (!options) co_return options.error();
  call.context.dry_run = query->dry_run || options->dry_run;
  const api::Result<void> evicted =
      co_await call.registry.evict(call.context, call.name(), std::move(options->options));
  if (!evicted) co_return evicted.error();
  co_return call.success_response(201);
}

}  // namespace skiff::server

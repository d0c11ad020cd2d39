#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult bind_pod(ResourceCall& call) {
  api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  api::Result<Json> binding = read_body_as(call.request, call.type("", "v1", "Binding"), call.parts.catalog);
  if (!binding) co_return binding.error();

  api::NamespacedName pod = call.name();
  const std::string named = string_at(*binding, {"metadata", "name"});
  if (pod.name.empty()) pod.name = named;
  if (pod.name.empty() || (!named.empty() && named != pod.name)) {
    co_return api::bad_request("name in URL does not match name in Binding object");
  }
  call.context.dry_run = query->dry_run;
  const api::Result<void> bound = co_await call.registry.bind(call.context, std::move(pod), std::move(*binding));
  if (!bound) co_return bound.error();
  co_return call.success_response(201);
}

}  // namespace skiff::server

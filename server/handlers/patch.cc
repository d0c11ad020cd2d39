#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult patch_object(ResourceCall& call) {
  const api::Result<api::PatchType> type = negotiate_patch(call.request);
  if (!type) co_return type.error();
  api::Result<WriteQuery> query = patch_query(call.request, *type);
  if (!query) co_return query.error();
  api::Result<Body> body = read_patch(call.request, *type);
  if (!body) co_return body.error();

  call.context.dry_run = query->dry_run;
  call.context.field_manager = std::move(query->field_manager);
  query->params.force = query->force;
  query->params.duplicate_fields = std::move(body->duplicate_fields);
  const api::Result<Registry::Written> written =
      co_await call.registry.patch(call.context, call.kind, call.name(), call.info.subresource, *type,
                                   std::move(body->document), std::move(query->params));
  if (!written) co_return written.error();
  co_return call.object_response(written->created ? 201 : 200, written->record);
}

}  // namespace skiff::server

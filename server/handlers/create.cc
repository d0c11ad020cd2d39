#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult create_object(ResourceCall& call) {
  api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  api::Result<Body> body = read_body(call.request, call.kind.kind->kind, call.parts.catalog);
  if (!body) co_return body.error();

  call.context.dry_run = query->dry_run;
  call.context.field_manager = std::move(query->field_manager);
  query->params.duplicate_fields = std::move(body->duplicate_fields);
  const api::Result<store::RecordPtr> record = co_await call.registry.create(
      call.context, call.kind, call.collection_namespace(), std::move(body->document), std::move(query->params));
  if (!record) co_return record.error();
  co_return call.object_response(201, *record);
}

}  // namespace skiff::server

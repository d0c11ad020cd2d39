#include "server/handlers/body.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

api::Result<Body> read_updated(const ResourceCall& call) {
  if (call.info.subresource != "scale") return read_body(call.request, call.kind.kind->kind, call.parts.catalog);
  api::Result<Json> scale = read_body_as(call.request, call.type("autoscaling", "v1", "Scale"), call.parts.catalog);
  if (!scale) return scale.error();
  return Body{std::move(*scale), {}};
}

}  // namespace

VerbResult update_object(ResourceCall& call) {
  api::Result<WriteQuery> query = update_query(call.request);
  if (!query) co_return query.error();
  api::Result<Body> body = read_updated(call);
  if (!body) co_return body.error();

  call.context.dry_run = query->dry_run;
  call.context.field_manager = std::move(query->field_manager);
  query->params.duplicate_fields = std::move(body->duplicate_fields);
  const api::Result<Registry::Written> written = co_await call.registry.update(
      call.context, call.kind, call.name(), call.info.subresource, std::move(body->document), std::move(query->params));
  if (!written) co_return written.error();
  co_return call.object_response(written->created ? 201 : 200, written->record);
}

}  // namespace skiff::server

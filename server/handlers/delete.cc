#include "server/handlers/body.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

// What upstream answers about an object that is gone: a Status that names it.
Json gone_status(const Kind& kind, const store::Record& record, const std::string& name) {
  Json details = {{"name", name}, {"kind", kind.plural}};
  if (!kind.group().empty()) details["group"] = kind.group();
  const Json object = Json::parse(record.value, nullptr, false);
  const std::string uid = string_at(object, {"metadata", "uid"});
  if (!uid.empty()) details["uid"] = uid;
  return success_status(0, std::move(details));
}

}  // namespace

VerbResult delete_object(ResourceCall& call) {
  api::Result<DeleteQuery> query = read_delete_options(call.request, call.parts.catalog);
  if (!query) co_return query.error();
  call.context.dry_run = query->dry_run;
  const api::Result<Registry::Deleted> deleted =
      co_await call.registry.remove(call.context, call.kind, call.name(), std::move(query->options));
  if (!deleted) co_return deleted.error();

  const Kind& kind = *call.kind.kind;
  if (!deleted->gone) co_return call.object_response(query->accepted_when_pending ? 202 : 200, deleted->record);
  if (kind.returns_deleted_object) co_return call.object_response(200, deleted->record);
  co_return document_response(200, gone_status(kind, *deleted->record, call.info.name), call.format);
}

VerbResult delete_collection(ResourceCall& call) {
  const api::Result<ListQuery> list = list_query(call.request);
  if (!list) co_return list.error();
  api::Result<DeleteQuery> query = read_delete_options(call.request, call.parts.catalog);
  if (!query) co_return query.error();
  call.context.dry_run = query->dry_run;
  const api::Result<ListPage> page = co_await call.registry.remove_collection(
      call.context, call.kind, call.collection_namespace(), list->params, std::move(query->options));
  if (!page) co_return page.error();
  api::Result<std::vector<Slice>> document = call.rendering().list(*page);
  if (!document) co_return document.error();
  co_return document_response(200, std::move(*document), call.format);
}

}  // namespace skiff::server

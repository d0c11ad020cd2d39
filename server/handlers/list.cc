#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult list_objects(ResourceCall& call) {
  const api::Result<ListQuery> query = list_query(call.request);
  if (!query) co_return query.error();
  const api::Result<ListPage> page = call.registry.list(call.kind, call.collection_namespace(), query->params);
  if (!page) co_return page.error();
  api::Result<std::vector<Slice>> document = call.rendering().list(*page);
  if (!document) co_return document.error();
  co_return document_response(200, std::move(*document), call.format);
}

}  // namespace skiff::server

#include "server/handlers/body.h"
#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult issue_token(ResourceCall& call) {
  const api::Result<WriteQuery> query = create_query(call.request);
  if (!query) co_return query.error();
  api::Result<Json> request =
      read_body_as(call.request, call.type("authentication.k8s.io", "v1", "TokenRequest"), call.parts.catalog);
  if (!request) co_return request.error();
  const api::Result<Json> issued = call.parts.token_issuer.issue(call.name(), std::move(*request));
  if (!issued) co_return issued.error();
  co_return document_response(201, *issued, call.format);
}

}  // namespace skiff::server

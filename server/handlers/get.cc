#include "server/handlers/verbs.h"

namespace skiff::server {

VerbResult get_object(ResourceCall& call) {
  const std::string resource_version = call.request.query_value("resourceVersion").value_or("");
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, call.name(), resource_version);
  if (!record) co_return record.error();
  co_return call.object_response(200, *record);
}

}  // namespace skiff::server

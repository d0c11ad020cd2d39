#include "api/base/check.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {

const api::schema::Struct& ResourceCall::type(std::string_view group, std::string_view version,
                                              std::string_view kind_name) const {
  const api::schema::Struct* found = parts.catalog.find_kind(group, version, kind_name);
  CHECK_INVARIANT(found != nullptr);
  return *found;
}

api::NamespacedName ResourceCall::name() const { return {collection_namespace(), info.name}; }

std::string ResourceCall::collection_namespace() const {
  // A request about a Namespace is attributed to it, but the object itself has none.
  return kind.kind->namespaced ? info.namespace_ : std::string();
}

api::Result<Response> ResourceCall::object_response(int status, const store::RecordPtr& record) const {
  const bool scale = info.subresource == "scale";
  api::Result<std::vector<Slice>> document = scale ? render_scale(*this, record) : rendering().object(record);
  if (!document) return document.error();
  return document_response(status, std::move(*document), format);
}

Response ResourceCall::success_response(int status) const {
  return document_response(status, success_status(status, Json::object()), format);
}

}  // namespace skiff::server

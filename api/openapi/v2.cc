#include "api/base/ids.h"
#include "api/openapi/definitions.h"
#include "api/openapi/gnostic.h"
#include "api/openapi/openapi.h"
#include "api/openapi/operations.h"
#include "api/openapi/parameters.h"
#include "api/openapi/payload.h"

#include <utility>

namespace skiff::api::openapi {
namespace {

using Shape = Payload::Shape;

Json v2_operation(const Operation& operation, Definitions& definitions) {
  Json parameters = query_parameters(operation.query, Dialect::kV2);
  if (operation.body.shape != Shape::kNothing) {
    Json body{{"name", "body"}, {"in", "body"}, {"schema", payload_schema(operation.body, definitions)}};
    if (operation.body_required) body["required"] = true;
    parameters.insert(parameters.begin(), std::move(body));
  }
  Json responses;
  for (const std::string_view code : operation.response_codes) {
    responses[std::string(code)] =
        Json{{"description", response_description(code)}, {"schema", payload_schema(operation.response, definitions)}};
  }
  responses["401"] = Json{{"description", response_description("401")}};

  Json object{
      {"description", operation.description},
      {"operationId", operation.id},
      {"schemes", Json::array({"https"})},
      {"tags", Json::array({operation.tag})},
      {"consumes", request_media_types(operation)},
      {"produces", response_media_types(operation)},
      {"responses", std::move(responses)},
      {"x-kubernetes-action", operation.action},
      {"x-kubernetes-group-version-kind", group_version_kind(operation.group, operation.version, operation.kind)}};
  if (!parameters.empty()) object["parameters"] = std::move(parameters);
  return object;
}

}  // namespace

V2Documents v2_documents(const schema::Catalog& catalog, std::span<const ServedResource> resources,
                         const std::string& server_version) {
  Definitions definitions(catalog, Dialect::kV2);
  Json paths = Json::object();
  for (const Operation& operation : operations_of(catalog, resources)) {
    Json& path = paths[operation.path];
    if (path.is_null()) path["parameters"] = path_parameters(operation.path, Dialect::kV2);
    path[operation.method] = v2_operation(operation, definitions);
  }
  Json document{{"swagger", "2.0"},
                {"info", Json{{"title", "Kubernetes"}, {"version", server_version}}},
                {"paths", std::move(paths)}};
  document["definitions"] = definitions.take();

  V2Documents documents;
  documents.json.bytes = to_json_text(document);
  documents.json.hash = sha256_hex(documents.json.bytes);
  documents.protobuf.bytes = to_gnostic_protobuf(document);
  documents.protobuf.hash = sha256_hex(documents.protobuf.bytes);
  return documents;
}

}  // namespace skiff::api::openapi

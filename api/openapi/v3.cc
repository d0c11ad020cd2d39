#include "api/base/ids.h"
#include "api/openapi/definitions.h"
#include "api/openapi/openapi.h"
#include "api/openapi/operations.h"
#include "api/openapi/parameters.h"
#include "api/openapi/payload.h"

#include <map>
#include <utility>

namespace skiff::api::openapi {
namespace {

using Shape = Payload::Shape;

// The document of one group-version, as far as it is made.
struct GroupVersionDocument {
  Definitions definitions;
  Json paths = Json::object();
};

Json content(const Json& media_types, const Json& schema) {
  Json content;
  for (const Json& media_type : media_types) content[media_type.get<std::string>()] = Json{{"schema", schema}};
  return content;
}

Json v3_operation(const Operation& operation, Definitions& definitions) {
  Json responses;
  for (const std::string_view code : operation.response_codes) {
    responses[std::string(code)] =
        Json{{"description", response_description(code)},
             {"content", content(response_media_types(operation), payload_schema(operation.response, definitions))}};
  }
  responses["401"] = Json{{"description", response_description("401")}};

  Json object{
      {"description", operation.description},
      {"operationId", operation.id},
      {"tags", Json::array({operation.tag})},
      {"responses", std::move(responses)},
      {"x-kubernetes-action", operation.action},
      {"x-kubernetes-group-version-kind", group_version_kind(operation.group, operation.version, operation.kind)}};
  if (!operation.query.empty()) object["parameters"] = query_parameters(operation.query, Dialect::kV3);
  if (operation.body.shape != Shape::kNothing) {
    object["requestBody"]["content"] =
        content(request_media_types(operation), payload_schema(operation.body, definitions));
    if (operation.body_required) object["requestBody"]["required"] = true;
  }
  return object;
}

Document finished(const Json& json) {
  Document document;
  document.bytes = to_json_text(json);
  document.hash = sha256_hex(document.bytes);
  return document;
}

}  // namespace

V3Documents v3_documents(const schema::Catalog& catalog, std::span<const ServedResource> resources,
                         const std::string& server_version) {
  std::map<std::string, GroupVersionDocument> by_path;
  for (const Operation& operation : operations_of(catalog, resources)) {
    const auto entry = by_path.try_emplace(operation.group_version_path, Definitions(catalog, Dialect::kV3)).first;
    GroupVersionDocument& document = entry->second;
    Json& path = document.paths[operation.path];
    if (path.is_null()) path["parameters"] = path_parameters(operation.path, Dialect::kV3);
    path[operation.method] = v3_operation(operation, document.definitions);
  }

  V3Documents documents;
  Json index_paths = Json::object();
  for (auto& [path, document] : by_path) {
    Json json{{"openapi", "3.0.0"},
              {"info", Json{{"title", "Kubernetes"}, {"version", server_version}}},
              {"paths", std::move(document.paths)}};
    json["components"]["schemas"] = document.definitions.take();
    Document& made = documents.by_path[path] = finished(json);
    index_paths[path] = Json{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + made.hash}};
  }
  documents.index = finished(Json{{"paths", std::move(index_paths)}});
  return documents;
}

}  // namespace skiff::api::openapi

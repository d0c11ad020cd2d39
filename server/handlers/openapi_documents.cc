#include "server/handlers/openapi_documents.h"

#include "server/handlers/negotiation.h"
#include "server/handlers/responses.h"
#include "server/http/response_head.h"

#include <string_view>

namespace skiff::server {
namespace {

constexpr std::string_view kV2Path = "/openapi/v2";
constexpr std::string_view kV3Path = "/openapi/v3";
// As long as HTTP knows.
constexpr std::chrono::hours kCachedFor{24 * 365};
// Under both names the same document: the first is not a valid media type, so the second came after it.
constexpr std::string_view kProtobufTypes[] = {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                                               "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"};

enum class Form { kNone, kJson, kProtobuf };

Form form_for(const Request& request, bool with_protobuf) {
  const std::string accept = request.headers.get("Accept");
  if (accept.empty()) return Form::kJson;
  for (const AcceptClause& clause : parse_accept(accept)) {
    if (clause.quality <= 0) continue;
    if (clause.covers(kJsonType)) return Form::kJson;
    for (const std::string_view type : kProtobufTypes) {
      if (with_protobuf && clause.covers(type)) return Form::kProtobuf;
    }
  }
  return Form::kNone;
}

Response not_acceptable(const Request& request) {
  api::Status status;
  status.reason = api::Reason::kNotAcceptable;
  status.message = "only the following media types are accepted: application/json";
  return error_response(status, request);
}

Response bytes_response(const Request& request, const std::shared_ptr<const std::string>& bytes,
                        const std::string& hash, std::string_view media_type) {
  const std::string etag = "\"" + hash + "\"";
  Response response;
  response.headers.set("ETag", etag);
  response.headers.set("Vary", "Accept");
  if (request.headers.get("If-None-Match") == etag) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", std::string(media_type));
  response.body.push_back(share(bytes));
  return response;
}

// For addresses that carry the hash of their content, which therefore never changes.
void allow_caching(Response& response, TimePoint now) {
  response.headers.set("Cache-Control", "public, immutable");
  response.headers.set("Expires", http_date(now + kCachedFor));
}

// What we serve, in the generator's terms.
std::vector<api::openapi::ServedResource> described(const std::vector<ApiResource>& resources) {
  std::vector<api::openapi::ServedResource> all;
  for (const ApiResource& resource : resources) {
    api::openapi::ServedResource each;
    each.group = resource.group;
    each.version = resource.version;
    each.kind = resource.kind;
    each.plural = resource.plural;
    each.namespaced = resource.namespaced;
    each.verbs = resource.verbs;
    for (const ApiSubresource& subresource : resource.subresources) {
      each.subresources.push_back(
          {subresource.name, subresource.group, subresource.version, subresource.kind, subresource.verbs});
    }
    all.push_back(std::move(each));
  }
  return all;
}

}  // namespace

OpenApiDocuments::OpenApiDocuments(const api::schema::Catalog& catalog, const std::vector<ApiResource>& resources,
                                   std::string server_version)
    : catalog_(catalog), resources_(described(resources)), server_version_(std::move(server_version)) {}

OpenApiDocuments::Document OpenApiDocuments::shared(api::openapi::Document document) {
  return {std::make_shared<const std::string>(std::move(document.bytes)), std::move(document.hash)};
}

void OpenApiDocuments::make_v2() {
  api::openapi::V2Documents documents = api::openapi::v2_documents(catalog_, resources_, server_version_);
  v2_json_ = shared(std::move(documents.json));
  v2_protobuf_ = shared(std::move(documents.protobuf));
}

void OpenApiDocuments::make_v3() {
  api::openapi::V3Documents documents = api::openapi::v3_documents(catalog_, resources_, server_version_);
  v3_index_ = shared(std::move(documents.index));
  for (auto& [path, document] : documents.by_path) v3_by_path_[path] = shared(std::move(document));
}

std::optional<Response> OpenApiDocuments::respond(const Request& request, TimePoint now) {
  if (request.path == kV2Path) return respond_v2(request);
  if (request.path == kV3Path || request.path == std::string(kV3Path) + "/") return respond_v3(request, "", now);
  if (request.path.starts_with(std::string(kV3Path) + "/")) {
    return respond_v3(request, request.path.substr(kV3Path.size() + 1), now);
  }
  return std::nullopt;
}

Response OpenApiDocuments::respond_v2(const Request& request) {
  const Form form = form_for(request, true);
  if (form == Form::kNone) return not_acceptable(request);
  std::call_once(v2_made_, [this] { make_v2(); });
  if (form == Form::kProtobuf) {
    return bytes_response(request, v2_protobuf_.bytes, v2_protobuf_.hash, kProtobufTypes[1]);
  }
  return bytes_response(request, v2_json_.bytes, v2_json_.hash, kJsonType);
}

std::optional<Response> OpenApiDocuments::respond_v3(const Request& request, const std::string& path, TimePoint now) {
  if (form_for(request, false) == Form::kNone) return not_acceptable(request);
  std::call_once(v3_made_, [this] { make_v3(); });
  if (path.empty()) return bytes_response(request, v3_index_.bytes, v3_index_.hash, kJsonType);
  const auto found = v3_by_path_.find(path);
  if (found == v3_by_path_.end()) return std::nullopt;

  const Document& document = found->second;
  const std::string asked_hash = request.query_value("hash").value_or(document.hash);
  if (asked_hash != document.hash) {
    Response response;
    response.status = 301;
    response.headers.set("Location", request.path + "?hash=" + document.hash);
    return response;
  }
  Response response = bytes_response(request, document.bytes, document.hash, kJsonType);
  if (request.query_value("hash")) allow_caching(response, now);
  return response;
}

}  // namespace skiff::server

#include "api/client/http/http_client.h"

#include "api/client/http/http_watch.h"
#include "api/views/meta.h"

#include <algorithm>

namespace skiff::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* kJsonType = "application/json";

// "/api/v1/namespaces/default/pods", "/apis/apps/v1/deployments".
std::string collection_path(const ResourceType& resource, const std::string& namespace_) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/";
  if (!resource.group.empty()) {
    path += resource.group;
    path += '/';
  }
  path += resource.version;
  if (resource.namespaced && !namespace_.empty()) {
    path += "/namespaces/";
    path += percent_encode(namespace_);
  }
  path += '/';
  path += resource.plural;
  return path;
}

std::string object_path(const ResourceType& resource, const NamespacedName& name, const std::string& subresource = "") {
  std::string path = collection_path(resource, name.namespace_);
  path += '/';
  path += percent_encode(name.name);
  if (!subresource.empty()) {
    path += '/';
    path += subresource;
  }
  return path;
}

const char* content_type_of(PatchType type) {
  switch (type) {
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";
  }
  return kJsonType;
}

// The object as the server wants it: with its type.
std::string body_of(const ResourceType& resource, Json object, const std::string& subresource) {
  if (subresource.empty() || subresource == "status") {
    object["apiVersion"] = resource.api_version();
    object["kind"] = resource.kind;
  }
  return to_json_text(object);
}

std::string delete_options_text(const DeleteOptions& options) {
  Json document = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (options.grace_period_seconds) document["gracePeriodSeconds"] = *options.grace_period_seconds;
  if (!options.uid.empty()) document["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) document["preconditions"]["resourceVersion"] = options.resource_version;
  if (!options.propagation_policy.empty()) document["propagationPolicy"] = options.propagation_policy;
  return to_json_text(document);
}

// Reads the answer's body to its end.
Task<Result<std::string>> read_all(HttpConnection& connection) {
  std::string body;
  for (;;) {
    const Result<std::string> piece = co_await connection.read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    body += *piece;
    if (body.size() > HttpClient::kMaxDocumentBytes) co_return unavailable("the answer is too long");
  }
}

Result<Json> parse_answer(int status, const std::string& body, const std::string& retry_after) {
  auto parsed = parse_json(body);
  const bool is_success = status >= 200 && status < 300;
  if (is_success && parsed) return {boost::system::in_place_value, std::move(parsed->value)};
  if (is_success) return internal_error("unexpected answer: " + parsed.error().message);
  Status error = status_from_json(parsed ? parsed->value : Json(body), status);
  if (error.retry_after_seconds == 0) error.retry_after_seconds = std::atoi(retry_after.c_str());
  return error;
}

}  // namespace

ObjectPtr without_managed_fields(Json object) {
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
    metadata->erase("managedFields");
  }
  return std::make_shared<const Json>(std::move(object));
}

HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)) {}
HttpClient::~HttpClient() = default;

Task<Result<ObjectPtr>> HttpClient::get(const ResourceType& resource, NamespacedName name) {
  std::string target = object_path(resource, name);
  return call_for_object("GET", std::move(target), "", "");
}

Task<Result<ObjectList>> HttpClient::list(const ResourceType& resource, std::string namespace_, ListOptions options) {
  std::string target = collection_path(resource, namespace_);
  add_optional_parameter(target, "labelSelector", options.label_selector);
  add_optional_parameter(target, "fieldSelector", options.field_selector);
  Result<Json> answer = co_await call("GET", target, "", "");
  if (!answer) co_return answer.error();
  ObjectList list;
  list.resource_version = resource_version_of(*answer);
  if (const auto items = answer->find("items"); items != answer->end() && items->is_array()) {
    list.items.reserve(items->size());
    for (Json& item : *items) list.items.push_back(without_managed_fields(std::move(item)));
  }
  co_return list;
}

Task<Result<ObjectPtr>> HttpClient::create(const ResourceType& resource, std::string namespace_, Json object,
                                           WriteOptions options) {
  if (namespace_.empty()) namespace_ = namespace_of(object);
  std::string target = collection_path(resource, namespace_);
  if (!options.subresource.empty()) target = object_path(resource, {namespace_, name_of(object)}, options.subresource);
  add_optional_parameter(target, "fieldManager", options.field_manager);
  std::string body = body_of(resource, std::move(object), options.subresource);
  return call_for_object("POST", std::move(target), kJsonType, std::move(body));
}

Task<Result<ObjectPtr>> HttpClient::update(const ResourceType& resource, Json object, WriteOptions options) {
  std::string target = object_path(resource, key_of(object), options.subresource);
  add_optional_parameter(target, "fieldManager", options.field_manager);
  std::string body = body_of(resource, std::move(object), options.subresource);
  return call_for_object("PUT", std::move(target), kJsonType, std::move(body));
}

Task<Result<ObjectPtr>> HttpClient::patch(const ResourceType& resource, NamespacedName name, PatchType type, Json patch,
                                          WriteOptions options) {
  std::string target = object_path(resource, name, options.subresource);
  add_optional_parameter(target, "fieldManager", options.field_manager);
  return call_for_object("PATCH", std::move(target), content_type_of(type), to_json_text(patch));
}

Task<Result<ObjectPtr>> HttpClient::remove(const ResourceType& resource, NamespacedName name, DeleteOptions options) {
  return call_for_object("DELETE", object_path(resource, name), kJsonType, delete_options_text(options));
}

Task<Result<std::unique_ptr<WatchStream>>> HttpClient::watch(const ResourceType& resource, std::string namespace_,
                                                             WatchOptions options) {
  std::string target = collection_path(resource, namespace_);
  add_parameter(target, "watch", "true");
  // They keep the position of a quiet watch from falling out of the server's history.
  add_parameter(target, "allowWatchBookmarks", "true");
  add_optional_parameter(target, "resourceVersion", options.resource_version);
  add_optional_parameter(target, "labelSelector", options.label_selector);
  add_optional_parameter(target, "fieldSelector", options.field_selector);
  auto connection = co_await connect();
  if (!connection) co_return connection.error();
  HttpRequest request = make_request("GET", std::move(target), "", "");
  const Result<int> status = co_await (*connection)->send(std::move(request));
  if (!status) co_return status.error();
  if (*status != 200) {
    const Result<std::string> body = co_await read_all(**connection);
    if (!body) co_return body.error();
    co_return parse_answer(*status, *body, (*connection)->header("Retry-After")).error();
  }
  (*connection)->set_deadline(HttpConnection::Deadline::max());
  std::unique_ptr<WatchStream> stream = std::make_unique<HttpWatch>(std::move(*connection));
  co_return stream;
}

HttpRequest HttpClient::make_request(std::string method, std::string target, std::string content_type,
                                     std::string body) const {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  request.headers.emplace_back("Accept", kJsonType);
  request.headers.emplace_back("User-Agent", options_.user_agent);
  if (!options_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  if (!content_type.empty()) request.headers.emplace_back("Content-Type", std::move(content_type));
  return request;
}

Task<Result<std::unique_ptr<HttpConnection>>> HttpClient::connect() {
  const auto deadline = SteadyClock::now() + kConnectTimeout;
  auto connection = co_await HttpConnection::open(options_.server, options_.tls, deadline);
  if (connection) (*connection)->set_deadline(SteadyClock::now() + kRequestTimeout);
  co_return connection;
}

Task<Result<Json>> HttpClient::call(std::string method, std::string target, std::string content_type,
                                    std::string body) {
  const auto executor = co_await asio::this_coro::executor;
  std::unique_ptr<HttpConnection> connection = take_idle(executor);
  if (connection) {
    connection->set_deadline(SteadyClock::now() + kRequestTimeout);
  } else {
    auto opened = co_await connect();
    if (!opened) co_return opened.error();
    connection = std::move(*opened);
  }
  HttpRequest request = make_request(std::move(method), std::move(target), std::move(content_type), std::move(body));
  const Result<int> status = co_await connection->send(std::move(request));
  if (!status) co_return status.error();
  const Result<std::string> text = co_await read_all(*connection);
  if (!text) co_return text.error();
  Result<Json> answer = parse_answer(*status, *text, connection->header("Retry-After"));
  keep(std::move(connection));
  co_return answer;
}

Task<Result<ObjectPtr>> HttpClient::call_for_object(std::string method, std::string target, std::string content_type,
                                                    std::string body) {
  Result<Json> answer = co_await call(std::move(method), std::move(target), std::move(content_type), std::move(body));
  if (!answer) co_return answer.error();
  co_return without_managed_fields(std::move(*answer));
}

std::unique_ptr<HttpConnection> HttpClient::take_idle(const asio::any_io_executor& executor) {
  const std::lock_guard lock(mutex_);
  // What the server has closed meanwhile goes.
  std::erase_if(idle_, [](const auto& connection) { return !connection->is_reusable(); });
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& connection) { return connection->executor() == executor; });
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<HttpConnection> taken = std::move(*found);
  idle_.erase(found);
  return taken;
}

void HttpClient::keep(std::unique_ptr<HttpConnection> connection) {
  if (!connection->is_reusable()) return;
  connection->set_deadline(HttpConnection::Deadline::max());
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleConnections) idle_.push_back(std::move(connection));
}

}  // namespace skiff::api

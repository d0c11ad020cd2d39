#include "server/handlers/api_handler.h"

#include "server/handlers/api_resources.h"
#include "server/handlers/custom_resources.h"
#include "server/handlers/discovery.h"
#include "server/handlers/openapi_documents.h"
#include "server/handlers/request_info.h"
#include "server/handlers/request_timeout.h"
#include "server/handlers/responses.h"
#include "server/handlers/version.h"
#include "server/handlers/well_known.h"
#include "server/metrics/request_metrics.h"
#include "server/metrics/scrape.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace skiff::server {
namespace {

struct Route {
  std::string_view subresource;
  std::string_view verb;
  Verb run;
};

// What runs for a verb that a resource or subresource says it has.
constexpr Route kRoutes[] = {
    {"", "get", get_object},
    {"", "list", list_objects},
    {"", "watch", watch_objects},
    {"", "create", create_object},
    {"", "update", update_object},
    {"", "patch", patch_object},
    {"", "delete", delete_object},
    {"", "deletecollection", delete_collection},
    {"status", "get", get_object},
    {"status", "update", update_object},
    {"status", "patch", patch_object},
    {"scale", "get", get_object},
    {"scale", "update", update_object},
    {"scale", "patch", patch_object},
    {"finalize", "update", update_object},
    {"ephemeralcontainers", "get", get_object},
    {"ephemeralcontainers", "update", update_object},
    {"ephemeralcontainers", "patch", patch_object},
    {"binding", "create", bind_pod},
    {"eviction", "create", evict_pod},
    {"log", "get", read_pod_log},
    {"exec", "get", connect_exec},
    {"exec", "create", connect_exec},
    {"attach", "get", connect_attach},
    {"attach", "create", connect_attach},
    {"portforward", "get", connect_port_forward},
    {"portforward", "create", connect_port_forward},
    {"proxy", "get", proxy_node},
    {"token", "create", issue_token},
};

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Which verbs address a single object and which a collection.
bool addresses_one(std::string_view verb) {
  return verb == "get" || verb == "update" || verb == "patch" || verb == "delete";
}

// Whether the path has the form that the verb needs. A collection of a namespaced kind can be read across all
// namespaces, but written only inside of one.
bool fits(const ApiResource& resource, const RequestInfo& info) {
  if (!info.subresource.empty()) return !info.name.empty();
  if (info.is_watch_path) return info.verb == "watch";
  if (addresses_one(info.verb) != !info.name.empty()) return false;
  const bool reads_all = info.verb == "list" || info.verb == "watch";
  return !resource.namespaced || !info.namespace_.empty() || reads_all;
}

// Whether the resource lives where the path says: cluster-scoped ones in no namespace, objects of the others in one.
bool is_placed(const ApiResource& resource, const RequestInfo& info) {
  if (info.is_watch_path && !info.subresource.empty()) return false;
  if (!resource.namespaced) return info.namespace_.empty() || info.resource == "namespaces";
  return info.name.empty() || !info.namespace_.empty();
}

// Upstream takes a list that is narrowed to one name for a request about that object.
std::string selected_name(const Request& request) {
  const auto text = request.query_value("fieldSelector");
  const api::Result<api::FieldSelector> selector = api::FieldSelector::parse(text.value_or(""));
  if (!selector) return "";
  for (const api::FieldSelector::Requirement& requirement : selector->requirements()) {
    if (requirement.field == "metadata.name" && requirement.equal) return requirement.value;
  }
  return "";
}

AuthorizationAttributes attributes_of(const Request& request, const RequestInfo& info) {
  AuthorizationAttributes attributes;
  attributes.user = request.user;
  attributes.verb = info.verb;
  attributes.path = info.path;
  attributes.is_resource = info.is_resource;
  attributes.group = info.group;
  attributes.resource = info.resource;
  attributes.subresource = info.subresource;
  attributes.namespace_ = info.namespace_;
  attributes.name = info.name;
  const bool collection = info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection";
  if (collection && info.name.empty()) attributes.name = selected_name(request);
  return attributes;
}

Verb find_route(const ApiResource& resource, const RequestInfo& info) {
  for (const OwnVerb& own : resource.own_verbs) {
    if (own.verb == info.verb) return own.run;
  }
  if (!resource.own_verbs.empty()) return nullptr;
  for (const Route& route : kRoutes) {
    if (route.subresource == info.subresource && route.verb == info.verb) return route.run;
  }
  return nullptr;
}

}  // namespace

struct ApiHandler::Impl {
  Impl(const ApiParts& parts, std::vector<HealthCheck> health_checks, const InFlightLimits& limits,
       std::vector<MetricSource> metric_sources);

  [[nodiscard]] const ApiResource* find(const RequestInfo& info) const;
  [[nodiscard]] api::Result<Verb> route(const RequestInfo& info, const ApiResource*& resource) const;
  [[nodiscard]] std::string allowed_methods(const std::string& path) const;
  [[nodiscard]] Response not_found(const Request& request) const;
  [[nodiscard]] Response respond_to_other(const Request& request);
  [[nodiscard]] Response respond_without_verb(const Request& request, const RequestInfo& info, const api::Status& why);
  Task<Response> respond_by_verb(Request request, RequestInfo info, const ApiResource& resource, Verb verb);
  Task<Response> run_verb(Request request, RequestInfo info, const ApiResource& resource, Verb verb);

  const ApiParts parts;
  const std::vector<HealthCheck> health_checks;
  const std::vector<MetricSource> metric_sources;
  const std::vector<ApiResource> resources;
  const Discovery discovery;
  OpenApiDocuments openapi;
  const Json version = version_document();
  const Json root;  // what GET / lists
  InFlight in_flight;
  RequestMetrics metrics;
};

namespace {

Json root_document(const std::vector<ApiResource>& resources, const std::vector<HealthCheck>& health_checks) {
  std::set<std::string> paths = {"/.well-known/openid-configuration",
                                 "/api",
                                 "/apis",
                                 "/apis/",
                                 "/metrics",
                                 "/openapi/v2",
                                 "/openapi/v3",
                                 "/openapi/v3/",
                                 "/openid/v1/jwks",
                                 "/version"};
  for (std::string& path : health_paths(health_checks)) paths.insert(std::move(path));
  for (const ApiResource& resource : resources) {
    if (resource.group.empty()) {
      paths.insert("/api/" + resource.version);
    } else {
      paths.insert("/apis/" + resource.group);
      paths.insert("/apis/" + resource.group + "/" + resource.version);
    }
  }
  return {{"paths", paths}};
}

bool is_at_or_below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace

ApiHandler::Impl::Impl(const ApiParts& parts, std::vector<HealthCheck> health_checks_in, const InFlightLimits& limits,
                       std::vector<MetricSource> metric_sources_in)
    : parts(parts),
      health_checks(std::move(health_checks_in)),
      metric_sources(std::move(metric_sources_in)),
      resources(api_resources_of(parts.registry.kinds())),
      discovery(resources),
      openapi(parts.catalog, resources, std::string(kKubernetesVersion)),
      root(root_document(resources, health_checks)),
      in_flight(limits) {}

ApiHandler::ApiHandler(const ApiParts& parts, std::vector<HealthCheck> health_checks, const InFlightLimits& limits,
                       std::vector<MetricSource> metric_sources)
    : impl_(std::make_unique<Impl>(parts, std::move(health_checks), limits, std::move(metric_sources))) {}

ApiHandler::~ApiHandler() = default;

const ApiResource* ApiHandler::Impl::find(const RequestInfo& info) const {
  const auto found = std::find_if(resources.begin(), resources.end(), [&](const ApiResource& resource) {
    return resource.group == info.group && resource.version == info.version && resource.plural == info.resource;
  });
  return found == resources.end() ? nullptr : &*found;
}

// The verb to run, or 404 when there is nothing at the path, or 405 when there is but not with this method.
api::Result<Verb> ApiHandler::Impl::route(const RequestInfo& info, const ApiResource*& resource) const {
  resource = find(info);
  // What is behind "proxy" is a path of the node's.
  const bool is_too_long = info.has_rest && info.subresource != "proxy";
  if (resource == nullptr || is_too_long || !is_placed(*resource, info)) return no_such_path();
  const std::vector<std::string>* verbs = &resource->verbs;
  if (!info.subresource.empty()) {
    const ApiSubresource* subresource = resource->find_subresource(info.subresource);
    if (subresource == nullptr) return no_such_path();
    verbs = &subresource->verbs;
  }
  if (!contains(*verbs, info.verb) || !fits(*resource, info)) return no_such_method();
  const Verb verb = find_route(*resource, info);
  if (verb == nullptr) return no_such_method();
  return verb;
}

// For the Allow header of a 405.
std::string ApiHandler::Impl::allowed_methods(const std::string& path) const {
  std::string methods;
  for (const char* method : {"DELETE", "GET", "PATCH", "POST", "PUT"}) {
    Request probe;
    probe.method = method;
    probe.path = path;
    const ApiResource* resource = nullptr;
    if (route(request_info_of(probe), resource)) methods += (methods.empty() ? "" : ", ") + std::string(method);
  }
  return methods;
}

// Upstream's API router answers below the paths that it knows, a plain HTTP multiplexer answers for all others.
Response ApiHandler::Impl::not_found(const Request& request) const {
  const bool below_api = is_at_or_below(request.path, "/api") || is_at_or_below(request.path, "/version") ||
                         std::any_of(resources.begin(), resources.end(), [&](const ApiResource& resource) {
                           return !resource.group.empty() && is_at_or_below(request.path, "/apis/" + resource.group);
                         });
  return below_api ? error_response(no_such_path(), request) : text_response(404, "404 page not found\n");
}

Response ApiHandler::Impl::respond_to_other(const Request& request) {
  if (auto health = health_response(request, health_checks)) return std::move(*health);
  if (auto described = openapi.respond(request, parts.registry.clock().now())) return std::move(*described);
  if (request.path == "/" || request.path == "/index.html") return indented_response(root);
  // From here on the method counts, as upstream.
  if (auto discovered = discovery.respond(request)) return std::move(*discovered);
  if (auto issued = issuer_response(request, parts.service_account_tokens)) return std::move(*issued);
  if (request.path == "/metrics") return scrape_response(metrics, in_flight, parts.registry, metric_sources);
  if (request.path != "/version" && request.path != "/version/") return not_found(request);
  return request.method == "GET" ? indented_response(version) : method_refused(request, "GET");
}

Task<Response> ApiHandler::Impl::run_verb(Request request, RequestInfo info, const ApiResource& resource, Verb verb) {
  const api::Result<std::chrono::nanoseconds> time = request_time(request);
  if (!time && !is_long_running(info)) co_return error_response(time.error(), request);
  api::Result<OutputFormat> format = negotiate_output(request);
  if (!format) co_return error_response(format.error(), request);

  ResourceCall call{parts,           parts.registry,     metrics, std::move(request), std::move(info),
                    resource.served, std::move(*format), {}};
  call.context.user = call.request.user;
  if (!is_long_running(call.info)) call.context.deadline = std::chrono::steady_clock::now() + *time;
  if (call.kind && !call.kind.version->deprecation_warning.empty()) {
    call.context.warn(call.kind.version->deprecation_warning);
  }
  api::Result<Response> result = co_await verb(call);
  Response response = result ? std::move(*result) : error_response(result.error(), call.request);
  add_warnings(call.context.warnings, response);
  co_return response;
}

// Answers and measures a request for which there is a verb.
Task<Response> ApiHandler::Impl::respond_by_verb(Request request, RequestInfo info, const ApiResource& resource,
                                                 Verb verb) {
  RequestSeries& figures = metrics.series(request, info);
  const bool lasts = is_long_running(info);
  const auto begin = std::chrono::steady_clock::now();
  Response response;
  if (const auto allowed = parts.authorizer.authorize(attributes_of(request, info)); !allowed) {
    response = error_response(allowed.error(), request);
  } else {
    response = co_await run_verb(std::move(request), std::move(info), resource, verb);
  }
  figures.count(response.status);
  if (!lasts) {
    figures.observe(std::chrono::steady_clock::now() - begin);
  } else if (response.stream || response.upgrade) {
    response.seat = figures.begin_long_running();
  }
  co_return response;
}

// Answers all others; `why` is route()'s.
Response ApiHandler::Impl::respond_without_verb(const Request& request, const RequestInfo& info,
                                                const api::Status& why) {
  const api::Result<void> allowed = parts.authorizer.authorize(attributes_of(request, info));
  if (!allowed) return error_response(allowed.error(), request);
  if (!info.is_resource) return respond_to_other(request);
  if (why.reason == api::Reason::kMethodNotAllowed) return method_refused(request, allowed_methods(info.path));
  if (auto none = custom_resource_definitions(request, info, parts.registry)) return std::move(*none);
  return not_found(request);
}

Task<Response> ApiHandler::handle(Request request) {
  RequestInfo info = request_info_of(request);
  std::shared_ptr<const void> seat = impl_->in_flight.enter(request, info);
  if (seat == nullptr) co_return too_many_requests();
  const ApiResource* resource = nullptr;
  const api::Result<Verb> verb = impl_->route(info, resource);
  Response response;
  if (verb) {
    response = co_await impl_->respond_by_verb(std::move(request), std::move(info), *resource, *verb);
  } else {
    response = impl_->respond_without_verb(request, info, verb.error());
  }
  if (response.headers.find("Cache-Control") == nullptr) response.headers.set("Cache-Control", "no-cache, private");
  // What lasts has no seat among the others but is counted for itself.
  if (response.seat == nullptr) response.seat = std::move(seat);
  co_return response;
}

}  // namespace skiff::server

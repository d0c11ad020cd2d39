#include "server/cluster/kubelet_api.h"

#include "api/client/http/endpoint.h"
#include "server/handlers/log_body.h"
#include "server/handlers/parameters.h"
#include "server/http/status_response.h"

namespace skiff::server {

namespace {

constexpr std::string_view kLogs = "containerLogs";
constexpr std::string_view kUsage = "usage";
constexpr std::string_view kMetrics = "metrics";

constexpr std::pair<StreamKind, std::string_view> kStreamPaths[] = {
    {StreamKind::kExec, "exec"}, {StreamKind::kAttach, "attach"}, {StreamKind::kPortForward, "portForward"}};

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

std::string text_of(const std::optional<std::int64_t>& number) { return number ? std::to_string(*number) : ""; }

std::string pod_path(std::string_view prefix, const api::NamespacedName& pod) {
  std::string path = "/";
  path += prefix;
  for (const std::string& name : {pod.namespace_, pod.name}) {
    path += '/';
    path += api::percent_encode(name);
  }
  return path;
}

// Nothing when the path means no stream.
std::optional<StreamRequest> parse_stream_request(const std::vector<std::string>& path, const Request& request) {
  for (const auto& [kind, word] : kStreamPaths) {
    const std::size_t length = kind == StreamKind::kPortForward ? 3 : 4;
    if (path.size() != length || path[0] != word) continue;
    return StreamRequest{kind, {path[1], path[2]}, length == 4 ? path[3] : "", request};
  }
  return std::nullopt;
}

Json usage_document(const api::NodeUsage& usage) {
  Json pods = Json::array();
  for (const api::PodUsage& pod : usage.pods) {
    Json containers = Json::array();
    for (const api::ContainerUsage& container : pod.containers) {
      containers.push_back({{"name", container.name},
                            {"cpuNanocores", container.cpu_nanocores},
                            {"memoryBytes", container.memory_bytes}});
    }
    pods.push_back({{"namespace", pod.pod.namespace_}, {"name", pod.pod.name}, {"containers", std::move(containers)}});
  }
  return {{"time", format_nano_time(usage.time)},
          {"windowNanoseconds", usage.window.count()},
          {"cpuNanocores", usage.cpu_nanocores},
          {"memoryBytes", usage.memory_bytes},
          {"pods", std::move(pods)}};
}

Task<Response> answer_usage(std::shared_ptr<NodeAccess> node, std::string node_name) {
  const auto usage = co_await node->usage(std::move(node_name));
  if (!usage) co_return status_response(usage.error());
  Response response;
  response.headers.set("Content-Type", "application/json");
  response.body.push_back(Slice::of(to_json_text(usage_document(*usage))));
  co_return std::move(response);
}

Task<Response> answer_metrics(std::shared_ptr<NodeAccess> node, std::string node_name) {
  auto metrics = co_await node->metrics(std::move(node_name));
  if (!metrics) co_return status_response(metrics.error());
  Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body.push_back(Slice::of(std::move(*metrics)));
  co_return std::move(response);
}

// The path by which a node of the agent is asked for something.
std::string node_target(std::string_view what, const std::string& node_name) {
  std::string target = "/";
  target += what;
  target += '/';
  return target + api::percent_encode(node_name);
}

Task<Response> answer_logs(std::shared_ptr<NodeAccess> node, std::vector<std::string> path, Request request) {
  auto options = log_query(request);
  if (!options) co_return status_response(options.error());
  options->container = path[3];
  api::NamespacedName pod{path[1], path[2]};
  auto bytes = co_await node->logs(std::move(pod), std::move(*options));
  if (!bytes) co_return status_response(bytes.error());
  Response response;
  response.headers.set("Content-Type", "text/plain");
  response.stream = make_log_body(std::move(node), std::move(*bytes));
  co_return response;
}

}  // namespace

std::string container_logs_target(const api::NamespacedName& pod, const api::LogOptions& options) {
  std::string target = pod_path(kLogs, pod);
  target += '/';
  target += api::percent_encode(options.container);
  api::add_optional_parameter(target, "follow", options.follow ? "true" : "");
  api::add_optional_parameter(target, "previous", options.previous ? "true" : "");
  api::add_optional_parameter(target, "timestamps", options.timestamps ? "true" : "");
  api::add_optional_parameter(target, "sinceSeconds", text_of(options.since_seconds));
  api::add_optional_parameter(target, "sinceTime", options.since_time);
  api::add_optional_parameter(target, "tailLines", text_of(options.tail_lines));
  api::add_optional_parameter(target, "limitBytes", text_of(options.limit_bytes));
  return target;
}

std::string stream_target(const StreamRequest& asked) {
  std::string target;
  for (const auto& [kind, word] : kStreamPaths) {
    if (kind == asked.kind) target = pod_path(word, asked.pod);
  }
  if (!asked.container.empty()) {
    target += '/';
    target += api::percent_encode(asked.container);
  }
  for (const auto& [name, value] : asked.request.query) api::add_parameter(target, name, value);
  return target;
}

std::string usage_target(const std::string& node_name) { return node_target(kUsage, node_name); }
std::string metrics_target(const std::string& node_name) { return node_target(kMetrics, node_name); }

api::Result<api::NodeUsage> parse_usage(const std::string& text) {
  const auto parsed = parse_json(text);
  const auto time = parsed ? parse_time(string_at(parsed->value, {"time"})) : std::nullopt;
  const Json* pods = parsed ? find(parsed->value, {"pods"}) : nullptr;
  if (!time || pods == nullptr) return api::internal_error("the agent's answer about usage is none");
  api::NodeUsage usage;
  usage.time = *time;
  usage.window = std::chrono::nanoseconds(integer_at(parsed->value, {"windowNanoseconds"}));
  usage.cpu_nanocores = integer_at(parsed->value, {"cpuNanocores"});
  usage.memory_bytes = integer_at(parsed->value, {"memoryBytes"});
  for (const Json& each : *pods) {
    api::PodUsage pod{{string_at(each, {"namespace"}), string_at(each, {"name"})}, {}};
    if (const Json* containers = find(each, {"containers"})) {
      for (const Json& container : *containers) {
        pod.containers.push_back({string_at(container, {"name"}), integer_at(container, {"cpuNanocores"}),
                                  integer_at(container, {"memoryBytes"})});
      }
    }
    usage.pods.push_back(std::move(pod));
  }
  return usage;
}

void KubeletApi::set_service(std::shared_ptr<api::NodeService> service) {
  const std::lock_guard lock(mutex_);
  node_ = service ? make_local_access(std::move(service)) : nullptr;
}

Task<Response> KubeletApi::handle(Request request) {
  if (!request.certificate_user || !request.certificate_user->in_group("system:masters")) {
    co_return status_response(api::unauthorized());
  }
  std::shared_ptr<NodeAccess> node;
  {
    const std::lock_guard lock(mutex_);
    node = node_;
  }
  if (!node) co_return status_response(api::unavailable("the node is starting or stopping"));
  std::vector<std::string> path = segments_of(request.path);
  if (request.method == "GET" && path.size() == 4 && path[0] == kLogs) {
    co_return co_await answer_logs(std::move(node), std::move(path), std::move(request));
  }
  if (request.method == "GET" && path.size() == 2 && path[0] == kUsage) {
    co_return co_await answer_usage(std::move(node), std::move(path[1]));
  }
  if (request.method == "GET" && path.size() == 2 && path[0] == kMetrics) {
    co_return co_await answer_metrics(std::move(node), std::move(path[1]));
  }
  if (auto asked = parse_stream_request(path, request)) {
    auto opened = co_await node->open_stream(std::move(*asked));
    if (!opened) co_return status_response(opened.error());
    co_return std::move(*opened);
  }
  Response response;
  response.headers.set("Content-Type", "text/plain");
  if (request.path != "/healthz") {
    response.status = 404;
    response.body.push_back(Slice::literal("404 page not found\n"));
  } else {
    response.body.push_back(Slice::literal("ok"));
  }
  co_return response;
}

}  // namespace skiff::server

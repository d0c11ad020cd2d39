#include "api/quantity.h"
#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <set>

// metrics.k8s.io, which metrics-server serves upstream: what nodes and pods use, asked of the nodes when a client asks.
namespace skiff::server {
namespace {

constexpr const char* kMetricsGroup = "metrics.k8s.io";
constexpr const char* kMetricsVersion = "metrics.k8s.io/v1beta1";

using UsageByNode = std::map<std::string, api::NodeUsage>;

// As Go prints a duration of less than an hour: "15.032s", "1m0.5s".
std::string duration_text(std::chrono::nanoseconds duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  const std::string seconds = fmt::format("{:g}s", static_cast<double>(milliseconds % 60'000) / 1000);
  return milliseconds < 60'000 ? seconds : fmt::format("{}m", milliseconds / 60'000) + seconds;
}

std::string canonical(const std::string& quantity) { return api::Quantity::parse(quantity)->to_string(); }

Json usage_of(std::int64_t cpu_nanocores, std::int64_t memory_bytes) {
  const bool is_whole = memory_bytes % 1024 == 0;
  const std::string memory = is_whole ? fmt::format("{}Ki", memory_bytes / 1024) : std::to_string(memory_bytes);
  return {{"cpu", canonical(fmt::format("{}n", cpu_nanocores))}, {"memory", canonical(memory)}};
}

// What the metrics of a node and of a pod have in common: whose they are, and when they were taken.
Json metrics_of(const Json& object, const api::NodeUsage& usage, TimePoint now) {
  Json metadata = {{"name", string_at(object, {"metadata", "name"})}, {"creationTimestamp", format_time(now)}};
  for (const char* member : {"namespace", "labels"}) {
    if (const Json* value = find(object, {"metadata", member})) metadata[member] = *value;
  }
  return {{"metadata", std::move(metadata)},
          {"timestamp", format_time(usage.time)},
          {"window", duration_text(usage.window)}};
}

std::optional<Json> node_metrics(const Json& node, const UsageByNode& usages, TimePoint now) {
  const auto found = usages.find(string_at(node, {"metadata", "name"}));
  if (found == usages.end()) return std::nullopt;
  Json metrics = metrics_of(node, found->second, now);
  metrics["usage"] = usage_of(found->second.cpu_nanocores, found->second.memory_bytes);
  return metrics;
}

std::optional<Json> pod_metrics(const Json& pod, const UsageByNode& usages, TimePoint now) {
  const auto node = usages.find(string_at(pod, {"spec", "nodeName"}));
  if (node == usages.end()) return std::nullopt;
  const std::string namespace_ = string_at(pod, {"metadata", "namespace"});
  const std::string name = string_at(pod, {"metadata", "name"});
  for (const api::PodUsage& usage : node->second.pods) {
    if (usage.pod.namespace_ != namespace_ || usage.pod.name != name) continue;
    Json metrics = metrics_of(pod, node->second, now);
    metrics["containers"] = Json::array();
    for (const api::ContainerUsage& container : usage.containers) {
      metrics["containers"].push_back(
          {{"name", container.name}, {"usage", usage_of(container.cpu_nanocores, container.memory_bytes)}});
    }
    return metrics;
  }
  return std::nullopt;
}

// What a request is about: nodes, or pods that run.
struct MetricsSubject {
  const char* plural;  // of the kind that is measured
  const char* metrics_plural;
  const char* metrics_kind;
  std::optional<Json> (*metrics)(const Json& object, const UsageByNode& usages, TimePoint now);
  // The node to ask; "" when nothing is measured.
  std::string (*node_of)(const Json& object);
};

std::string node_itself(const Json& node) { return string_at(node, {"metadata", "name"}); }

std::string node_of_running_pod(const Json& pod) {
  return string_at(pod, {"status", "phase"}) == "Running" ? string_at(pod, {"spec", "nodeName"}) : "";
}

constexpr MetricsSubject kNodeSubject{"nodes", "nodemetrics", "NodeMetrics", node_metrics, node_itself};
constexpr MetricsSubject kPodSubject{"pods", "podmetrics", "PodMetrics", pod_metrics, node_of_running_pod};

Task<void> ask_for_usage(std::shared_ptr<NodeAccess> node, std::string name, UsageByNode& usages) {
  auto usage = co_await node->usage(name);
  // A node that does not answer, or cannot say yet, has no metrics.
  if (usage && usage->window.count() > 0) usages[name] = std::move(*usage);
}

// All at once.
Task<UsageByNode> ask_nodes(NodeServices& nodes, std::set<std::string> names) {
  UsageByNode usages;
  TaskGroup asking(co_await asio::this_coro::executor);
  for (const std::string& name : names) {
    if (auto node = nodes.find(name)) asking.spawn(ask_for_usage(std::move(node), name, usages));
  }
  co_await asking.join();
  co_return usages;
}

// As metrics-server shows it: each resource has a column.
TableSpec metrics_table() {
  TableSpec table;
  table.columns = {{"Name", "string", "name", "Name of the resource", 0},
                   {"cpu", "string", "quantity", "", 0},
                   {"memory", "string", "quantity", "", 0},
                   {"Window", "string", "duration", "", 0}};
  table.row = [](const Json& metrics, TimePoint) -> std::vector<Json> {
    api::Quantity cpu;
    api::Quantity memory;
    const auto add = [&](const Json& measured) {
      cpu += *api::Quantity::parse(string_at(measured, {"usage", "cpu"}));
      memory += *api::Quantity::parse(string_at(measured, {"usage", "memory"}));
    };
    if (const Json* containers = find(metrics, {"containers"})) {
      for (const Json& container : *containers) add(container);
    } else {
      add(metrics);
    }
    return {string_at(metrics, {"metadata", "name"}), cpu.to_string(), memory.to_string(),
            string_at(metrics, {"window"})};
  };
  return table;
}

VerbResult get_metrics(ResourceCall& call, const MetricsSubject& subject) {
  const ServedKind kind = call.registry.kinds().find("", "v1", subject.plural);
  const api::NamespacedName name{kind.kind->namespaced ? call.info.namespace_ : "", call.info.name};
  const std::string shown = name.namespace_.empty() ? name.name : name.namespace_ + "/" + name.name;
  const auto record = call.registry.get(kind, name);
  if (!record) co_return api::not_found("", subject.plural, shown);
  const auto object = call.registry.object(kind, *record);
  if (!object) co_return object.error();
  const std::string node = subject.node_of(**object);
  if (node.empty()) co_return api::not_found("", subject.plural, shown);
  const std::set<std::string> names = {node};
  const UsageByNode usages = co_await ask_nodes(call.parts.nodes, names);
  auto metrics = subject.metrics(**object, usages, call.registry.clock().now());
  if (!metrics) co_return api::not_found(kMetricsGroup, subject.metrics_plural, shown);
  (*metrics)["kind"] = subject.metrics_kind;
  (*metrics)["apiVersion"] = kMetricsVersion;
  const TableSpec table = metrics_table();
  auto document = call.rendering().derived(*metrics, table);
  if (!document) co_return document.error();
  co_return document_response(200, std::move(*document), call.format);
}

VerbResult list_metrics(ResourceCall& call, const MetricsSubject& subject) {
  auto query = list_query(call.request);
  if (!query) co_return query.error();
  ListParams params;
  params.label_selector = std::move(query->params.label_selector);
  params.field_selector = std::move(query->params.field_selector);
  const ServedKind kind = call.registry.kinds().find("", "v1", subject.plural);
  const std::string namespace_ = kind.kind->namespaced ? call.info.namespace_ : "";
  const api::Result<ListPage> page = call.registry.list(kind, namespace_, params);
  if (!page) co_return page.error();

  std::vector<api::ObjectPtr> objects;
  std::set<std::string> names;
  for (const store::RecordPtr& record : page->records) {
    auto object = call.registry.object(kind, record);
    if (!object) co_return object.error();
    std::string node = subject.node_of(**object);
    if (node.empty()) continue;
    names.insert(std::move(node));
    objects.push_back(std::move(*object));
  }
  const UsageByNode usages = co_await ask_nodes(call.parts.nodes, std::move(names));
  const TimePoint now = call.registry.clock().now();
  std::vector<Json> all;
  for (const api::ObjectPtr& object : objects) {
    if (auto metrics = subject.metrics(*object, usages, now)) all.push_back(std::move(*metrics));
  }
  const TableSpec table = metrics_table();
  auto document = call.rendering().derived_list(subject.metrics_kind, kMetricsVersion, all, table);
  if (!document) co_return document.error();
  co_return document_response(200, std::move(*document), call.format);
}

}  // namespace

VerbResult get_node_metrics(ResourceCall& call) { return get_metrics(call, kNodeSubject); }
VerbResult list_node_metrics(ResourceCall& call) { return list_metrics(call, kNodeSubject); }
VerbResult get_pod_metrics(ResourceCall& call) { return get_metrics(call, kPodSubject); }
VerbResult list_pod_metrics(ResourceCall& call) { return list_metrics(call, kPodSubject); }

}  // namespace skiff::server

#include "api/quota/usage.h"

#include "api/resource_names.h"
#include "api/views/meta.h"
#include "api/views/pod.h"

#include <algorithm>
#include <map>
#include <set>

namespace skiff::api::quota {

namespace {

constexpr std::string_view kRequests = "requests.";
constexpr std::string_view kLimits = "limits.";
constexpr std::string_view kHugePages = "hugepages-";
// Of the names for claims of one StorageClass: "gold.storageclass.storage.k8s.io/requests.storage".
constexpr std::string_view kStorageClass = ".storageclass.storage.k8s.io/";
constexpr std::string_view kStorage = "requests.storage";

// The kinds whose number is also counted by their plural alone, from before "count/...".
constexpr std::string_view kCountedByName[] = {
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"};
constexpr std::string_view kPodResources[] = {"pods",
                                              "cpu",
                                              "memory",
                                              "ephemeral-storage",
                                              "requests.cpu",
                                              "requests.memory",
                                              "requests.ephemeral-storage",
                                              "limits.cpu",
                                              "limits.memory",
                                              "limits.ephemeral-storage"};
// What a container must say once a quota counts it.
constexpr std::string_view kMustBeSaid[] = {"cpu",           "memory",       "limits.cpu",
                                            "limits.memory", "requests.cpu", "requests.memory"};

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_pod(const CountedKind& kind) { return kind.group.empty() && kind.plural == "pods"; }
bool is_claim(const CountedKind& kind) { return kind.group.empty() && kind.plural == "persistentvolumeclaims"; }
bool is_service(const CountedKind& kind) { return kind.group.empty() && kind.plural == "services"; }

std::string count_name(const CountedKind& kind) {
  std::string name = "count/" + std::string(kind.plural);
  if (!kind.group.empty()) name.append(".").append(kind.group);
  return name;
}

bool is_counted_by_name(const CountedKind& kind) { return kind.group.empty() && contains(kCountedByName, kind.plural); }

bool is_pod_resource(std::string_view name) {
  if (contains(kPodResources, name) || name.starts_with(kHugePages)) return true;
  if (!name.starts_with(kRequests)) return false;
  return name.substr(kRequests.size()).starts_with(kHugePages) || !is_native_resource(name);
}

bool is_claim_resource(std::string_view name) {
  const std::size_t end_of_class = name.find(kStorageClass);
  if (end_of_class == std::string_view::npos) return name == kStorage;
  const std::string_view what = name.substr(end_of_class + kStorageClass.size());
  return what == kStorage || what == "persistentvolumeclaims";
}

// What requests and limits count for, by a quota's names.
ResourceAmounts compute_usage(const ResourceAmounts& requests, const ResourceAmounts& limits) {
  ResourceAmounts usage;
  for (const auto& [name, amount] : requests) {
    const bool plain = name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with(kHugePages);
    if (plain) usage.emplace(name, amount);
    if (plain || is_extended_resource(name)) usage.emplace(std::string(kRequests) + name, amount);
  }
  for (const auto& [name, amount] : limits) {
    if (name == "cpu" || name == "memory" || name == "ephemeral-storage") {
      usage.emplace(std::string(kLimits) + name, amount);
    }
  }
  return usage;
}

// Whether the pod still takes anything: one whose node is lost after it was deleted must not keep others from starting.
bool is_alive(const Json& pod, TimePoint now) {
  if (is_pod_terminated(pod)) return false;
  const Json* grace = find(pod, {"metadata", "deletionGracePeriodSeconds"});
  const auto deleted = parse_time(string_at(pod, {"metadata", "deletionTimestamp"}));
  if (grace == nullptr || !deleted) return true;
  return now <= *deleted + std::chrono::seconds(grace->get<std::int64_t>());
}

void add_pod_usage(const Json& pod, TimePoint now, ResourceAmounts& usage) {
  if (!is_alive(pod, now)) return;
  usage.emplace("pods", Quantity::from_integer(1));
  usage.merge(compute_usage(pod_amounts_with_overhead(pod, ResourceSide::kRequests),
                            pod_amounts_with_overhead(pod, ResourceSide::kLimits)));
}

void add_claim_usage(const Json& claim, ResourceAmounts& usage) {
  const ResourceAmounts requests = resource_amounts(find(claim, {"spec", "resources", "requests"}));
  const auto storage = requests.find("storage");
  if (storage != requests.end()) usage.emplace(kStorage, storage->second);
  const std::string class_ = string_at(claim, {"spec", "storageClassName"});
  if (class_.empty()) return;
  const std::string prefix = class_ + std::string(kStorageClass);
  usage.emplace(prefix + "persistentvolumeclaims", Quantity::from_integer(1));
  if (storage != requests.end()) usage.emplace(prefix + std::string(kStorage), storage->second);
}

std::int64_t ports_of(const Json& service, bool only_explicit) {
  const Json* ports = find(service, {"spec", "ports"});
  if (ports == nullptr || !ports->is_array()) return 0;
  if (!only_explicit) return static_cast<std::int64_t>(ports->size());
  return std::count_if(ports->begin(), ports->end(),
                       [](const Json& port) { return integer_at(port, {"nodePort"}) != 0; });
}

void add_service_usage(const Json& service, ResourceAmounts& usage) {
  const std::string type = string_at(service, {"spec", "type"});
  std::int64_t node_ports = 0;
  if (type == "NodePort") node_ports = ports_of(service, false);
  if (type == "LoadBalancer") {
    node_ports = ports_of(service, !bool_at(service, {"spec", "allocateLoadBalancerNodePorts"}, true));
    usage.emplace("services.loadbalancers", Quantity::from_integer(1));
  }
  if (node_ports > 0) usage.emplace("services.nodeports", Quantity::from_integer(node_ports));
}

}  // namespace

bool is_counted(const CountedKind& kind) { return kind.plural != "events"; }

bool uses(const CountedKind& kind, std::string_view name) {
  if (name == count_name(kind) || (is_counted_by_name(kind) && name == kind.plural)) return true;
  if (is_claim(kind)) return is_claim_resource(name);
  if (is_service(kind)) return name == "services.nodeports" || name == "services.loadbalancers";
  return is_pod(kind) && is_pod_resource(name);
}

ResourceAmounts usage_of(const CountedKind& kind, const Json& object, TimePoint now) {
  ResourceAmounts usage;
  usage.emplace(count_name(kind), Quantity::from_integer(1));
  if (is_counted_by_name(kind)) usage.emplace(kind.plural, Quantity::from_integer(1));
  if (is_pod(kind)) add_pod_usage(object, now, usage);
  if (is_service(kind)) add_service_usage(object, usage);
  if (is_claim(kind)) add_claim_usage(object, usage);
  return usage;
}

std::string missing_amounts(const Json& pod, const ResourceAmounts& hard) {
  std::map<std::string, std::set<std::string>> missing;  // containers by resource
  for (const char* list : {"containers", "initContainers"}) {
    const Json* containers = find(pod, {"spec", list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const Json& container : *containers) {
      const ResourceAmounts said = compute_usage(container_amounts(container, ResourceSide::kRequests),
                                                 container_amounts(container, ResourceSide::kLimits));
      for (const std::string_view name : kMustBeSaid) {
        if (hard.contains(name) && !said.contains(name)) {
          missing[std::string(name)].insert(string_at(container, {"name"}));
        }
      }
    }
  }
  std::string text;
  for (const auto& [resource, names] : missing) {
    std::string containers;
    for (const std::string& name : names) containers += (containers.empty() ? "" : ",") + name;
    text += (text.empty() ? "" : "; ") + resource + " for: " + containers;
  }
  return text;
}

}  // namespace skiff::api::quota

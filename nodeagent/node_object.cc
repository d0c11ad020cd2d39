#include "nodeagent/node_object.h"

#include "api/views/conditions.h"
#include "nodeagent/same_document.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

const char* const kAttachAnnotation = "volumes.kubernetes.io/controller-managed-attach-detach";

std::string cpu_text(std::int64_t milli) {
  return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + "m";
}

Json resource_list(const NodeCapacity& capacity) {
  return {{"cpu", cpu_text(capacity.cpu_milli)},
          {"memory", std::to_string(capacity.memory_bytes / 1024) + "Ki"},
          {"ephemeral-storage", std::to_string(capacity.ephemeral_storage_bytes / 1024) + "Ki"},
          {"pods", std::to_string(capacity.pods)},
          {"hugepages-1Gi", "0"},
          {"hugepages-2Mi", "0"}};
}

Json make_labels(const NodeDescription& description) {
  Json labels = {{"kubernetes.io/hostname", description.name},
                 {"kubernetes.io/os", "linux"},
                 {"kubernetes.io/arch", description.host.architecture},
                 {"beta.kubernetes.io/os", "linux"},
                 {"beta.kubernetes.io/arch", description.host.architecture}};
  for (const auto& [name, value] : description.labels) labels[name] = value;
  return labels;
}

struct ConditionRow {
  const char *type, *status, *reason, *message;
};

// How a condition is told while it holds, and while it does not.
constexpr ConditionRow kPressureRows[][2] = {
    {{"MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"},
     {"MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"}},
    {{"DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure"},
     {"DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"}},
    {{"PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"},
     {"PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"}}};
constexpr ConditionRow kReadyRow = {"Ready", "True", "KubeletReady", "kubelet is posting ready status"};

Json make_conditions(const NodePressure& pressure, TimePoint now) {
  const ConditionRow rows[] = {kPressureRows[0][pressure.memory ? 0 : 1], kPressureRows[1][pressure.disk ? 0 : 1],
                               kPressureRows[2][pressure.pid ? 0 : 1], kReadyRow};
  Json conditions = Json::array();
  for (const ConditionRow& row : rows) {
    conditions.push_back({{"type", row.type},
                          {"status", row.status},
                          {"reason", row.reason},
                          {"message", row.message},
                          {"lastHeartbeatTime", format_time(now)},
                          {"lastTransitionTime", format_time(now)}});
  }
  return conditions;
}

Json make_node_status(const NodeDescription& description, TimePoint now) {
  const HostFacts& host = description.host;
  Json status = {{"capacity", resource_list(host.capacity)},
                 {"allocatable", resource_list(host.capacity)},
                 {"conditions", make_conditions(description.pressure, now)}};
  status["addresses"] = Json::array();
  if (!description.internal_ip.empty()) {
    status["addresses"].push_back({{"type", "InternalIP"}, {"address", description.internal_ip}});
  }
  status["addresses"].push_back({{"type", "Hostname"}, {"address", description.name}});
  // In the server's own process nobody listens there: the server asks the agent directly.
  status["daemonEndpoints"] = {{"kubeletEndpoint", {{"Port", description.presence.kubelet_port}}}};
  status["nodeInfo"] = {{"machineID", host.machine_id},
                        {"systemUUID", host.system_uuid},
                        {"bootID", host.boot_id},
                        {"kernelVersion", host.kernel_version},
                        {"osImage", host.os_image},
                        {"containerRuntimeVersion", description.container_runtime},
                        {"kubeletVersion", description.kubelet_version},
                        {"kubeProxyVersion", ""},
                        {"operatingSystem", "linux"},
                        {"architecture", host.architecture}};
  if (!description.images.empty()) status["images"] = description.images;
  return status;
}

// Sets each member of `wanted`; true when one was different.
bool merge_members(Json& target, const Json& wanted) {
  bool changed = false;
  for (const auto& [name, value] : wanted.items()) {
    if (target.contains(name) && same_document(target[name], value)) continue;
    target[name] = value;
    changed = true;
  }
  return changed;
}

}  // namespace

Json list_images(std::vector<Image> images) {
  constexpr std::size_t kMaxImages = 50;
  constexpr std::size_t kMaxNames = 5;
  std::stable_sort(images.begin(), images.end(),
                   [](const Image& a, const Image& b) { return a.size_bytes > b.size_bytes; });
  if (images.size() > kMaxImages) images.resize(kMaxImages);
  Json list = Json::array();
  for (const Image& image : images) {
    std::vector<std::string> names = image.repo_digests;
    names.insert(names.end(), image.repo_tags.begin(), image.repo_tags.end());
    if (names.size() > kMaxNames) names.resize(kMaxNames);
    Json listed = {{"sizeBytes", image.size_bytes}};
    if (!names.empty()) listed["names"] = names;
    list.push_back(std::move(listed));
  }
  return list;
}

Json make_node(const NodeDescription& description, TimePoint now) {
  Json node = {{"apiVersion", "v1"}, {"kind", "Node"}};
  node["metadata"] = {{"name", description.name}, {"labels", make_labels(description)}};
  node["metadata"]["annotations"][kAttachAnnotation] = "true";
  if (const std::string& fingerprint = description.presence.certificate_fingerprint; !fingerprint.empty()) {
    node["metadata"]["annotations"][kCertificateAnnotation] = fingerprint;
  }
  node["spec"] = Json::object();
  if (!description.pod_cidr.empty()) {
    node["spec"]["podCIDR"] = description.pod_cidr;
    node["spec"]["podCIDRs"] = Json::array({description.pod_cidr});
  }
  node["status"] = make_node_status(description, now);
  return node;
}

NodeChanges update_node(Json& node, const Json& wanted, TimePoint now) {
  NodeChanges changes;
  for (const char* member : {"labels", "annotations"}) {
    changes.object = merge_members(node["metadata"][member], wanted["metadata"][member]) || changes.object;
  }
  changes.object = merge_members(node["spec"], wanted["spec"]) || changes.object;

  Json rest = wanted["status"];
  const Json conditions = std::move(rest["conditions"]);
  rest.erase("conditions");
  changes.status = merge_members(node["status"], rest);
  if (!rest.contains("images") && node["status"].erase("images") > 0) changes.status = true;
  for (const Json& condition : conditions) {
    const api::Condition made{string_at(condition, {"type"}), string_at(condition, {"status"}),
                              string_at(condition, {"reason"}), string_at(condition, {"message"})};
    changes.status = api::set_condition(node, made, now, "lastHeartbeatTime") || changes.status;
  }
  return changes;
}

}  // namespace skiff::nodeagent

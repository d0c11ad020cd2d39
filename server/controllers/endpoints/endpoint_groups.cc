#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/endpoints/service_pods.h"
#include "server/controllers/endpoints/slices.h"

#include <algorithm>
#include <map>
#include <set>

namespace skiff::controllers {

namespace {

// Groups by family and ports, in the order in which they first appear.
class Groups {
 public:
  // Takes each endpoint once, by its address and the object behind it.
  void add(const std::string& address_type, const Json& ports, Json endpoint) {
    const std::string key = address_type + to_json_text(ports);
    const auto [place, is_new] = places_.try_emplace(key, groups_.size());
    if (is_new) groups_.push_back(EndpointGroup{address_type, ports, {}});
    const std::string identity =
        key + to_json_text(endpoint.at("addresses")) + to_json_text(endpoint.value("targetRef", Json()));
    if (seen_.insert(identity).second) groups_[place->second].endpoints.push_back(std::move(endpoint));
  }

  std::vector<EndpointGroup> take() { return std::move(groups_); }

 private:
  std::vector<EndpointGroup> groups_;
  std::map<std::string, std::size_t> places_;
  std::set<std::string> seen_;
};

// discovery/v1 EndpointPorts of a pod for a Service.
Json ports_of(const Json& pod, const Json& service) {
  Json ports = Json::array();
  const Json* service_ports = find(service, {"spec", "ports"});
  if (service_ports == nullptr) return ports;
  for (const Json& service_port : *service_ports) {
    const auto number = target_port(pod, service_port);
    if (!number) continue;
    Json port{{"name", string_at(service_port, {"name"})},
              {"port", *number},
              {"protocol", string_at(service_port, {"protocol"}, "TCP")}};
    if (const Json* app_protocol = find(service_port, {"appProtocol"})) port["appProtocol"] = *app_protocol;
    ports.push_back(std::move(port));
  }
  return ports;
}

Json endpoint_of(const Json& pod, const Json& service, std::vector<std::string> ips, const std::string& zone) {
  const bool serving = api::is_pod_ready(pod);
  const bool terminating = api::is_terminating(pod);
  Json endpoint{{"addresses", std::move(ips)},
                {"conditions",
                 {{"ready", publishes_not_ready(service) || (serving && !terminating)},
                  {"serving", serving},
                  {"terminating", terminating}}},
                {"targetRef", pod_reference(pod)}};
  if (std::string node = api::node_name_of(pod); !node.empty()) endpoint["nodeName"] = std::move(node);
  if (!zone.empty()) endpoint["zone"] = zone;
  if (std::string hostname = endpoint_hostname(pod, service); !hostname.empty()) {
    endpoint["hostname"] = std::move(hostname);
  }
  return endpoint;
}

Json mirrored_ports(const Json& subset) {
  Json ports = Json::array();
  const Json* subset_ports = find(subset, {"ports"});
  if (subset_ports == nullptr) return ports;
  for (const Json& subset_port : *subset_ports) {
    Json port{{"name", string_at(subset_port, {"name"})},
              {"port", integer_at(subset_port, {"port"})},
              {"protocol", string_at(subset_port, {"protocol"}, "TCP")}};
    if (const Json* app_protocol = find(subset_port, {"appProtocol"})) port["appProtocol"] = *app_protocol;
    ports.push_back(std::move(port));
  }
  return ports;
}

Json mirrored_endpoint(const Json& address, bool ready) {
  Json endpoint{{"addresses", Json::array({string_at(address, {"ip"})})}, {"conditions", {{"ready", ready}}}};
  for (const char* name : {"hostname", "nodeName", "targetRef"}) {
    if (const Json* value = find(address, {name})) endpoint[name] = *value;
  }
  return endpoint;
}

}  // namespace

std::vector<EndpointGroup> endpoint_groups(const Json& service, const std::vector<api::ObjectPtr>& pods,
                                           const std::function<std::string(const std::string& node)>& zone_of) {
  Groups groups;
  for (const api::ObjectPtr& pod : pods) {
    if (!belongs_in_endpoints(*pod, true)) continue;
    for (const std::string& family : address_types_of(service)) {
      std::vector<std::string> ips = pod_ips(*pod, family);
      if (ips.empty()) continue;
      groups.add(family, ports_of(*pod, service),
                 endpoint_of(*pod, service, std::move(ips), zone_of(api::node_name_of(*pod))));
    }
  }
  return groups.take();
}

std::vector<EndpointGroup> mirrored_groups(const Json& endpoints, std::size_t max_addresses) {
  Groups groups;
  const Json* subsets = find(endpoints, {"subsets"});
  if (subsets == nullptr) return {};
  for (const Json& subset : *subsets) {
    const Json ports = mirrored_ports(subset);
    std::size_t taken = 0;
    for (const char* list : {"addresses", "notReadyAddresses"}) {
      const Json* addresses = find(subset, {list});
      if (addresses == nullptr) continue;
      for (const Json& address : *addresses) {
        if (taken++ >= max_addresses) break;
        const bool is_v6 = string_at(address, {"ip"}).find(':') != std::string::npos;
        groups.add(is_v6 ? "IPv6" : "IPv4", ports, mirrored_endpoint(address, list[0] == 'a'));
      }
    }
  }
  return groups.take();
}

std::vector<std::string> address_types_of(const Json& service) {
  const Json* families = find(service, {"spec", "ipFamilies"});
  if (families == nullptr || families->empty()) return {"IPv4"};
  return families->get<std::vector<std::string>>();
}

Json slice_labels(const Json& service) {
  Json labels = api::labels_of(service);
  for (const char* reserved : {kServiceNameLabel, kManagedByLabel, kHeadlessLabel}) labels.erase(reserved);
  if (is_headless_service(service)) labels[kHeadlessLabel] = "";
  return labels;
}

}  // namespace skiff::controllers

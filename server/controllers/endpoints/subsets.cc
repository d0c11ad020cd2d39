#include "server/controllers/endpoints/subsets.h"

#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/endpoints/service_pods.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace skiff::controllers {

namespace {

// Addresses sort by their bytes, then by the pod's uid.
struct AddressKey {
  std::array<unsigned char, 16> bytes{};
  std::string uid;

  friend auto operator<=>(const AddressKey&, const AddressKey&) = default;
};

struct Address {
  Json document;
  bool ready = false;
};

using Addresses = std::map<AddressKey, Address>;
// Which addresses offer a port, by the port's text; "" stands for no port at all.
using AddressesByPort = std::map<std::string, Addresses>;

AddressKey key_of(const Json& address) {
  AddressKey key;
  const std::string ip = string_at(address, {"ip"});
  const bool is_v6 = ip.find(':') != std::string::npos;
  inet_pton(is_v6 ? AF_INET6 : AF_INET, ip.c_str(), key.bytes.data());
  key.uid = string_at(address, {"targetRef", "uid"});
  return key;
}

// v1.EndpointAddress.
Json address_of(const Json& pod, const Json& service, const std::string& ip) {
  Json address{{"ip", ip}, {"nodeName", api::node_name_of(pod)}, {"targetRef", pod_reference(pod)}};
  if (std::string hostname = endpoint_hostname(pod, service); !hostname.empty()) {
    address["hostname"] = std::move(hostname);
  }
  return address;
}

// v1.EndpointPort.
Json port_of(const Json& service_port, std::int64_t number) {
  Json port{{"port", number}, {"protocol", string_at(service_port, {"protocol"}, "TCP")}};
  if (std::string name = string_at(service_port, {"name"}); !name.empty()) port["name"] = std::move(name);
  if (const Json* app_protocol = find(service_port, {"appProtocol"})) port["appProtocol"] = *app_protocol;
  return port;
}

// The family of the addresses that stand in Endpoints, which have room for one.
std::string family_of(const Json& service) {
  const Json* families = find(service, {"spec", "ipFamilies"});
  return families == nullptr || families->empty() ? "IPv4" : families->front().get<std::string>();
}

AddressesByPort collect(const Json& service, const std::vector<api::ObjectPtr>& pods) {
  AddressesByPort by_port;
  const std::string family = family_of(service);
  const Json* ports = find(service, {"spec", "ports"});
  for (const api::ObjectPtr& pod : pods) {
    if (!belongs_in_endpoints(*pod, publishes_not_ready(service))) continue;
    const std::vector<std::string> ips = pod_ips(*pod, family);
    if (ips.empty()) continue;
    const Json address = address_of(*pod, service, ips.front());
    const bool ready = publishes_not_ready(service) || api::is_pod_ready(*pod);
    const AddressKey key = key_of(address);
    if (ports == nullptr) {
      if (is_headless_service(service)) by_port[""][key] = Address{address, ready};
      continue;
    }
    for (const Json& port : *ports) {
      const auto number = target_port(*pod, port);
      if (number) by_port[to_json_text(port_of(port, *number))][key] = Address{address, ready};
    }
  }
  return by_port;
}

// Tells sets of addresses apart.
std::vector<std::pair<AddressKey, bool>> signature(const Addresses& addresses) {
  std::vector<std::pair<AddressKey, bool>> parts;
  parts.reserve(addresses.size());
  for (const auto& [key, address] : addresses) parts.emplace_back(key, address.ready);
  return parts;
}

Json subset_of(const Addresses& addresses, Json ports) {
  Json subset = Json::object();
  for (const auto& [_, address] : addresses) {
    subset[address.ready ? "addresses" : "notReadyAddresses"].push_back(address.document);
  }
  if (!ports.empty()) subset["ports"] = std::move(ports);
  return subset;
}

std::size_t count(const Json& subset, const char* name) {
  const Json* addresses = find(subset, {name});
  return addresses == nullptr ? 0 : addresses->size();
}

void cut(Json& subset, const char* name, std::size_t size) {
  if (count(subset, name) <= size) return;
  if (size == 0) {
    subset.erase(name);
  } else {
    Json& addresses = subset[name];
    addresses.erase(addresses.begin() + static_cast<std::ptrdiff_t>(size), addresses.end());
  }
}

}  // namespace

Json endpoint_subsets(const Json& service, const std::vector<api::ObjectPtr>& pods) {
  const AddressesByPort by_port = collect(service, pods);
  // Ports that exactly the same addresses offer come together, in the order of their texts.
  std::vector<std::pair<const Addresses*, Json>> groups;
  std::map<std::vector<std::pair<AddressKey, bool>>, std::size_t> group_of;
  for (const auto& [text, addresses] : by_port) {
    const auto [group, is_new] = group_of.try_emplace(signature(addresses), groups.size());
    if (is_new) groups.emplace_back(&addresses, Json::array());
    if (!text.empty()) groups[group->second].second.push_back(Json::parse(text));
  }
  Json subsets = Json::array();
  for (auto& [addresses, ports] : groups) subsets.push_back(subset_of(*addresses, std::move(ports)));
  return subsets;
}

bool truncate_subsets(Json& subsets) {
  std::size_t ready = 0;
  std::size_t not_ready = 0;
  for (const Json& subset : subsets) {
    ready += count(subset, "addresses");
    not_ready += count(subset, "notReadyAddresses");
  }
  if (ready + not_ready <= kMaxEndpointsAddresses) return false;
  const bool cut_ready = ready > kMaxEndpointsAddresses;
  const char* name = cut_ready ? "addresses" : "notReadyAddresses";
  const std::size_t room = cut_ready ? kMaxEndpointsAddresses : kMaxEndpointsAddresses - ready;
  const std::size_t total = cut_ready ? ready : not_ready;
  std::size_t left = room;
  for (Json& subset : subsets) {
    const double part = static_cast<double>(count(subset, name)) / static_cast<double>(total);
    const auto wanted = static_cast<std::size_t>(std::ceil(part * static_cast<double>(room)));
    if (cut_ready) cut(subset, "notReadyAddresses", 0);
    cut(subset, name, std::min(wanted, left));
    left -= count(subset, name);
  }
  // What lost all its addresses says nothing any more.
  Json kept = Json::array();
  for (Json& subset : subsets) {
    if (count(subset, "addresses") + count(subset, "notReadyAddresses") > 0) kept.push_back(std::move(subset));
  }
  subsets = std::move(kept);
  return true;
}

}  // namespace skiff::controllers

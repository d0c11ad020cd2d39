#include "server/registry/bootstrap.h"

#include "api/views/meta.h"
#include "server/registry/registry.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/this_coro.hpp>

#include <array>

namespace skiff::server {

namespace {

constexpr const char* kApiService = "kubernetes";
constexpr std::uint16_t kHttpsPort = 443;

CallContext own_context() {
  CallContext context;
  context.user.name = "system:apiserver";
  context.user.groups = {"system:masters"};
  context.field_manager = "kube-apiserver";
  return context;
}

Task<api::Result<void>> create_once(Registry& registry, const api::ResourceType& resource, std::string namespace_,
                                    Json object) {
  const ServedKind kind = registry.kinds().find(resource);
  const api::NamespacedName key{namespace_, string_at(object, {"metadata", "name"})};
  if (registry.get(kind, key)) co_return api::Result<void>();
  CallContext context = own_context();
  WriteParams params;
  auto created = co_await registry.create(context, kind, namespace_, std::move(object), std::move(params));
  if (!created && created.error().reason != api::Reason::kAlreadyExists) co_return created.error();
  co_return api::Result<void>();
}

// As create_once(); what exists gets the members of `object` that differ, and is made anew when these cannot be changed
// (a cluster IP of another range).
Task<api::Result<void>> create_or_correct(Registry& registry, const api::ResourceType& resource, std::string namespace_,
                                          Json object) {
  const ServedKind kind = registry.kinds().find(resource);
  const api::NamespacedName key{namespace_, string_at(object, {"metadata", "name"})};
  if (!registry.get(kind, key)) {
    co_return co_await create_once(registry, resource, std::move(namespace_), std::move(object));
  }
  CallContext context = own_context();
  WriteParams params;
  auto patched = co_await registry.patch(context, kind, key, "", api::PatchType::kMerge, object, std::move(params));
  if (patched) co_return api::Result<void>();
  if (patched.error().reason != api::Reason::kInvalid) co_return patched.error();
  api::DeleteOptions options;
  auto removed = co_await registry.remove(context, kind, key, std::move(options));
  if (!removed) co_return removed.error();
  co_return co_await create_once(registry, resource, std::move(namespace_), std::move(object));
}

// Runs a step for a task of a group.
Task<void> keep_failure(Task<api::Result<void>> step, api::Result<void>& result) {
  auto made = co_await std::move(step);
  if (!made) result = made;
}

Json named(const std::string& name) {
  Json object;
  object["metadata"]["name"] = name;
  return object;
}

// The two classes that upstream makes, for what the cluster itself runs.
std::vector<Json> priority_classes() {
  Json cluster = named("system-cluster-critical");
  cluster["value"] = 2'000'000'000;
  cluster["description"] =
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.";
  Json node = named("system-node-critical");
  node["value"] = 2'000'001'000;
  node["description"] = "Used for system critical pods that must not be moved from their current node.";
  return {std::move(cluster), std::move(node)};
}

Json api_service(const ApiServerAddress& address) {
  Json service = named(kApiService);
  service["metadata"]["labels"] = {{"component", "apiserver"}, {"provider", "kubernetes"}};
  service["spec"] = {
      {"type", "ClusterIP"},
      {"clusterIP", address.service_ip},
      {"ports",
       Json::array({{{"name", "https"}, {"protocol", "TCP"}, {"port", kHttpsPort}, {"targetPort", address.port}}})}};
  return service;
}

bool is_reachable(const ApiServerAddress& address) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(address.ip, error);
  return !error && !ip.is_loopback() && !ip.is_unspecified();
}

Json api_port(const ApiServerAddress& address) {
  return {{"name", "https"}, {"protocol", "TCP"}, {"port", address.port}};
}

Json api_endpoints(const ApiServerAddress& address) {
  Json endpoints = named(kApiService);
  // There is a slice already.
  endpoints["metadata"]["labels"] = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  endpoints["subsets"] = Json::array();
  if (is_reachable(address)) {
    endpoints["subsets"].push_back(
        {{"addresses", Json::array({{{"ip", address.ip}}})}, {"ports", Json::array({api_port(address)})}});
  }
  return endpoints;
}

Json api_endpoint_slice(const ApiServerAddress& address) {
  Json slice = named(kApiService);
  slice["metadata"]["labels"] = {{"kubernetes.io/service-name", kApiService}};
  slice["addressType"] = address.ip.find(':') == std::string::npos ? "IPv4" : "IPv6";
  slice["endpoints"] = Json::array();
  if (is_reachable(address)) {
    slice["endpoints"].push_back({{"addresses", Json::array({address.ip})}, {"conditions", {{"ready", true}}}});
  }
  slice["ports"] = Json::array({api_port(address)});
  return slice;
}

}  // namespace

// All that stands in no namespace at once, then all that is in one: each wave shares one commit, where one by one each
// would wait for the disk.
Task<api::Result<void>> bootstrap(Registry& registry, std::optional<ApiServerAddress> address) {
  constexpr std::array<const char*, 4> kNamespaceNames{"default", "kube-system", "kube-public", "kube-node-lease"};
  TaskGroup tasks(co_await asio::this_coro::executor);
  api::Result<void> result;
  for (const char* name : kNamespaceNames) {
    tasks.spawn(keep_failure(create_once(registry, api::kNamespaces, "", named(name)), result));
  }
  for (Json& object : priority_classes()) {
    tasks.spawn(keep_failure(create_once(registry, api::kPriorityClasses, "", std::move(object)), result));
  }
  co_await tasks.join();
  if (!result) co_return result;
  for (const char* name : kNamespaceNames) {
    tasks.spawn(keep_failure(create_once(registry, api::kServiceAccounts, name, named("default")), result));
  }
  if (address) {
    tasks.spawn(keep_failure(create_or_correct(registry, api::kServices, "default", api_service(*address)), result));
    tasks.spawn(keep_failure(create_or_correct(registry, api::kEndpoints, "default", api_endpoints(*address)), result));
    tasks.spawn(keep_failure(create_or_correct(registry, api::kEndpointSlices, "default", api_endpoint_slice(*address)),
                             result));
  }
  co_await tasks.join();
  co_return result;
}

}  // namespace skiff::server

#pragma once

#include "api/client/informer.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Which pods are behind a Service, and what of a pod counts there: what the controllers of Endpoints and EndpointSlices
// have in common. Documents are Services and Pods.
namespace skiff::controllers {

// Makes the informers ready for the functions below.
void add_service_pod_indexes(api::Informer& services, api::Informer& pods);
// Keys ("namespace/name") of the Services that select the pod. The work grows with the pod's labels and with the
// Services that share one of them.
[[nodiscard]] std::vector<std::string> services_of(const api::Informer& services, const Json& pod);
// The pods that a Service selects, in order of their names; none when it has no selector.
[[nodiscard]] std::vector<api::ObjectPtr> pods_of(const api::Informer& pods, const Json& service);

// Calls `enqueue(key)` for each Service whose endpoints a change of the pod may touch. A null pod does not exist.
void enqueue_services(const api::Informer& services, const api::ObjectPtr& old_pod, const api::ObjectPtr& pod,
                      const std::function<void(const std::string& key)>& enqueue);

// The endpoints of such a Service are kept by somebody else: it has no selector, or is only a name.
[[nodiscard]] bool has_foreign_endpoints(const Json& service);
[[nodiscard]] bool is_headless_service(const Json& service);
[[nodiscard]] bool publishes_not_ready(const Json& service);

// The pod has an address and has not ended. One that is being deleted counts when `include_terminating`.
[[nodiscard]] bool belongs_in_endpoints(const Json& pod, bool include_terminating);
// The pod's addresses of a family, "IPv4" or "IPv6".
[[nodiscard]] std::vector<std::string> pod_ips(const Json& pod, const std::string& family);
// The number of the pod's port that the Service's port means; nothing when the pod has no port of that name.
[[nodiscard]] std::optional<std::int64_t> target_port(const Json& pod, const Json& service_port);
// The name by which DNS knows the pod within the Service; empty when there is none.
[[nodiscard]] std::string endpoint_hostname(const Json& pod, const Json& service);
// A v1.ObjectReference.
[[nodiscard]] Json pod_reference(const Json& pod);

}  // namespace skiff::controllers

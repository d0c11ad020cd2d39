#include "server/controllers/endpoints/service_pods.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"

#include <algorithm>
#include <set>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr const char* kBySelector = "selector";

// Null when there is none.
const Json* selector_of(const Json& service) {
  const Json* selector = find(service, {"spec", "selector"});
  return selector == nullptr || selector->empty() ? nullptr : selector;
}

// One of its labels suffices to find a Service by.
std::vector<std::string> by_selector(const Json& service) {
  const Json* selector = selector_of(service);
  if (selector == nullptr) return {};
  const auto first = selector->begin();
  return {api::label_value(api::namespace_of(service), first.key(), first->get<std::string>())};
}

bool selects(const Json& selector, const Json& pod) {
  return std::ranges::all_of(selector.items(), [&pod](const auto& label) {
    const std::string* value = api::label_of(pod, label.key());
    return value != nullptr && *value == label.value();
  });
}

// What of a pod shows in endpoints.
bool same_endpoint(const Json& pod, const Json& old_pod) {
  auto member = [](const Json& of, std::initializer_list<std::string_view> path) {
    const Json* found = find(of, path);
    return found == nullptr ? Json() : *found;
  };
  for (const char* name : {"nodeName", "hostname", "subdomain"}) {
    if (member(pod, {"spec", name}) != member(old_pod, {"spec", name})) return false;
  }
  return member(pod, {"status", "podIPs"}) == member(old_pod, {"status", "podIPs"}) &&
         member(pod, {"status", "podIP"}) == member(old_pod, {"status", "podIP"}) &&
         api::is_pod_ready(pod) == api::is_pod_ready(old_pod) &&
         api::is_pod_terminated(pod) == api::is_pod_terminated(old_pod) &&
         api::is_terminating(pod) == api::is_terminating(old_pod) && api::uid_of(pod) == api::uid_of(old_pod);
}

}  // namespace

void add_service_pod_indexes(api::Informer& services, api::Informer& pods) {
  services.add_index(kBySelector, by_selector);
  pods.add_index(api::kByLabel, api::by_label);
}

std::vector<std::string> services_of(const api::Informer& services, const Json& pod) {
  std::vector<std::string> keys;
  for (const std::string& label : api::by_label(pod)) {
    for (const ObjectPtr& service : services.cache().by_index(kBySelector, label)) {
      if (selects(*selector_of(*service), pod)) keys.push_back(key_text(*service));
    }
  }
  return keys;
}

std::vector<ObjectPtr> pods_of(const api::Informer& pods, const Json& service) {
  const Json* selector = selector_of(service);
  if (selector == nullptr) return {};
  // Any label will do to begin with, the rarest is best: looking for it pays when there are many pods.
  constexpr std::size_t kFew = 16;
  std::optional<std::vector<ObjectPtr>> rarest;
  for (const auto& [name, value] : selector->items()) {
    if (rarest && rarest->size() <= kFew) break;
    const std::string label = api::label_value(api::namespace_of(service), name, value.get<std::string>());
    std::vector<ObjectPtr> labelled = pods.cache().by_index(api::kByLabel, label);
    if (!rarest || labelled.size() < rarest->size()) rarest = std::move(labelled);
  }
  std::vector<ObjectPtr> found = std::move(*rarest);
  std::erase_if(found, [selector](const ObjectPtr& pod) { return !selects(*selector, *pod); });
  return found;
}

void enqueue_services(const api::Informer& services, const ObjectPtr& old_pod, const ObjectPtr& pod,
                      const std::function<void(const std::string& key)>& enqueue) {
  const bool same_labels = old_pod && pod && api::labels_of(*old_pod) == api::labels_of(*pod);
  if (same_labels && same_endpoint(*pod, *old_pod)) return;
  std::set<std::string> keys;
  if (pod) {
    for (std::string& key : services_of(services, *pod)) keys.insert(std::move(key));
  }
  if (old_pod && !same_labels) {
    for (std::string& key : services_of(services, *old_pod)) keys.insert(std::move(key));
  }
  for (const std::string& key : keys) enqueue(key);
}

bool has_foreign_endpoints(const Json& service) {
  return selector_of(service) == nullptr || string_at(service, {"spec", "type"}) == "ExternalName";
}

bool is_headless_service(const Json& service) {
  const std::string ip = string_at(service, {"spec", "clusterIP"});
  return ip.empty() || ip == "None";
}

bool publishes_not_ready(const Json& service) { return bool_at(service, {"spec", "publishNotReadyAddresses"}); }

bool belongs_in_endpoints(const Json& pod, bool include_terminating) {
  if (api::is_pod_terminated(pod) || (!include_terminating && api::is_terminating(pod))) return false;
  return !string_at(pod, {"status", "podIP"}).empty();
}

std::vector<std::string> pod_ips(const Json& pod, const std::string& family) {
  std::vector<std::string> all;
  if (const Json* list = find(pod, {"status", "podIPs"})) {
    for (const Json& entry : *list) all.push_back(string_at(entry, {"ip"}));
  } else {
    all.push_back(string_at(pod, {"status", "podIP"}));
  }
  std::erase_if(all, [&family](const std::string& ip) {
    const bool is_v6 = ip.find(':') != std::string::npos;
    return ip.empty() || is_v6 != (family == "IPv6");
  });
  return all;
}

std::optional<std::int64_t> target_port(const Json& pod, const Json& service_port) {
  const Json* target = find(service_port, {"targetPort"});
  if (target == nullptr) return std::nullopt;
  if (!target->is_string()) return target->get<std::int64_t>();
  const std::string protocol = string_at(service_port, {"protocol"});
  for (const char* list : {"containers", "initContainers"}) {
    const Json* containers = find(pod, {"spec", list});
    if (containers == nullptr) continue;
    for (const Json& container : *containers) {
      // Of the init containers only those that go on running.
      if (list[0] == 'i' && string_at(container, {"restartPolicy"}) != "Always") continue;
      const Json* ports = find(container, {"ports"});
      if (ports == nullptr) continue;
      for (const Json& port : *ports) {
        if (string_at(port, {"name"}) == *target && string_at(port, {"protocol"}) == protocol) {
          return integer_at(port, {"containerPort"});
        }
      }
    }
  }
  return std::nullopt;
}

std::string endpoint_hostname(const Json& pod, const Json& service) {
  const bool in_domain = string_at(pod, {"spec", "subdomain"}) == api::name_of(service);
  return in_domain ? string_at(pod, {"spec", "hostname"}) : "";
}

Json pod_reference(const Json& pod) {
  return {
      {"kind", "Pod"}, {"namespace", api::namespace_of(pod)}, {"name", api::name_of(pod)}, {"uid", api::uid_of(pod)}};
}

}  // namespace skiff::controllers

#include "server/handlers/pod_container.h"

#include <algorithm>
#include <vector>

namespace skiff::server {
namespace {

std::vector<std::string> container_names(const Json& pod, std::string_view list) {
  std::vector<std::string> names;
  const Json* containers = find(pod, {"spec", list});
  if (containers == nullptr) return names;
  for (const Json& container : *containers) names.push_back(string_at(container, {"name"}));
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

}  // namespace

api::Result<std::string> choose_container(const Json& pod, const std::string& pod_name, const std::string& asked) {
  const std::vector<std::string> containers = container_names(pod, "containers");
  const std::vector<std::string> init_containers = container_names(pod, "initContainers");
  if (!asked.empty()) {
    const std::vector<std::string> ephemeral_containers = container_names(pod, "ephemeralContainers");
    for (const auto* names : {&containers, &init_containers, &ephemeral_containers}) {
      if (std::find(names->begin(), names->end(), asked) != names->end()) return asked;
    }
    return api::bad_request("container " + asked + " is not valid for pod " + pod_name);
  }
  if (containers.size() == 1) return containers.front();
  std::string message = "a container name must be specified for pod " + pod_name;
  if (!containers.empty()) message += ", choose one of: [" + joined(containers) + "]";
  if (!init_containers.empty()) message += " or one of the init containers: [" + joined(init_containers) + "]";
  return api::bad_request(message);
}

}  // namespace skiff::server

#pragma once

#include "api/base/result.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/node_capacity.h"
#include "nodeagent/pods/pod_status.h"
#include "nodeagent/pods/user_database.h"
#include "nodeagent/runtime/runtime.h"

#include <string>

namespace skiff::nodeagent {

// All that a container's configuration is made from. A value, so that it can be worked on elsewhere.
struct ContainerInputs {
  api::ObjectPtr pod;
  std::string name;  // of a container or init container of the pod
  std::uint32_t attempt = 0;
  Image image;
  ConfigSnapshot configs;
  UserDatabase users;
  NodeFacts node;
  NodeCapacity capacity;
  std::string pod_ip;
  std::string target_container_id;  // of the container that an ephemeral one names
};

// The process to run with its environment, user, rights and limits; without mounts and log_path, which need the disk.
// Pure. Errors are what the kubelet calls CreateContainerConfigError, with its texts.
[[nodiscard]] Result<ContainerConfig> make_container_config(const ContainerInputs& inputs);

// The command line: command and args over the image's entrypoint and cmd (args alone keep the entrypoint; command alone
// drops cmd), with $(NAME) expanded. Pure.
[[nodiscard]] std::vector<std::string> make_arguments(
    const Json& container, const ImageConfig& image,
    const std::vector<std::pair<std::string, std::string>>& environment);

}  // namespace skiff::nodeagent

#pragma once

#include "api/base/result.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/node_capacity.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace skiff::nodeagent {

using Environment = std::vector<std::pair<std::string, std::string>>;

// What the downward API may tell beyond the pod's document, which lags behind while a pod starts.
struct DownwardFacts {
  std::string pod_ip;
  std::string host_ip;
  NodeCapacity capacity;
};

// Replaces $(NAME) by lookup(NAME); leaves it as it stands when that gives null; $$ is a plain $. Pure.
[[nodiscard]] std::string expand_variables(std::string_view text,
                                           const std::function<const std::string*(const std::string&)>& lookup);

// The value of a fieldRef's path ("metadata.labels['app']", "status.podIP"). kInvalid: no such field.
[[nodiscard]] Result<std::string> downward_field(const Json& pod, const std::string& path, const DownwardFacts& facts);

// The value of a resourceFieldRef ("limits.cpu", divisor) of a container; what has no limit gets the node's capacity.
[[nodiscard]] Result<std::string> downward_resource(const Json& container, const Json& selector,
                                                    const DownwardFacts& facts);

// The variables of a container, env after envFrom, later ones replacing earlier ones. Pure. Errors have the kubelet's
// texts: kNotFound: a ConfigMap, Secret or key that is not optional is missing.
[[nodiscard]] Result<Environment> make_environment(const Json& pod, const Json& container,
                                                   const ConfigSnapshot& configs, const DownwardFacts& facts);

}  // namespace skiff::nodeagent

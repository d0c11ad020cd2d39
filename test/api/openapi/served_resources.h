#pragma once

#include "api/openapi/openapi.h"

#include <string>
#include <vector>

namespace skiff::test {

// What a server of some of the built-in kinds serves: core and named groups, namespaced and not, two versions of one
// kind, and all forms of subresources.
inline std::vector<api::openapi::ServedResource> served_resources() {
  using api::openapi::ServedResource;
  using api::openapi::ServedSubresource;
  const std::vector<std::string> all{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  const std::vector<std::string> without_collection{"create", "delete", "get", "list", "patch", "update", "watch"};
  const std::vector<std::string> in_place{"get", "patch", "update"};
  const ServedSubresource status{"status", "", "", "", in_place};
  const ServedSubresource scale{"scale", "autoscaling", "v1", "Scale", in_place};
  const ServedSubresource binding{"binding", "", "v1", "Binding", {"create"}};
  const ServedSubresource eviction{"eviction", "policy", "v1", "Eviction", {"create"}};
  const ServedSubresource log{"log", "", "", "", {"get"}};
  const ServedSubresource exec{"exec", "", "v1", "PodExecOptions", {"create", "get"}};
  const ServedSubresource token{"token", "authentication.k8s.io", "v1", "TokenRequest", {"create"}};
  return {
      ServedResource{"", "v1", "Namespace", "namespaces", false, without_collection, {status}},
      ServedResource{"", "v1", "Pod", "pods", true, all, {status, binding, eviction, exec, log}},
      ServedResource{"", "v1", "ServiceAccount", "serviceaccounts", true, all, {token}},
      ServedResource{"apps", "v1", "Deployment", "deployments", true, all, {status, scale}},
      ServedResource{"apps", "v1beta2", "Deployment", "deployments", true, all, {status, scale}},
      ServedResource{"coordination.k8s.io", "v1", "Lease", "leases", true, all, {}},
      ServedResource{"example.com", "v1", "Unknown", "unknowns", true, all, {}},
  };
}

}  // namespace skiff::test

#include "api/resource_names.h"

#include "api/schema/validate.h"

#include <algorithm>
#include <string>

namespace skiff::api {

namespace {

constexpr std::string_view kContainerResources[] = {"cpu", "memory", "ephemeral-storage"};
constexpr std::string_view kCounted[] = {
    "pods",       "resourcequotas",         "services",           "replicationcontrollers", "secrets",
    "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"};
constexpr std::string_view kSummed[] = {"cpu",
                                        "memory",
                                        "ephemeral-storage",
                                        "requests.cpu",
                                        "requests.memory",
                                        "requests.storage",
                                        "requests.ephemeral-storage",
                                        "limits.cpu",
                                        "limits.memory",
                                        "limits.ephemeral-storage"};
constexpr std::string_view kRequests = "requests.";

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

bool is_huge_page_resource(std::string_view name) { return name.starts_with(kHugePages); }

bool is_native_resource(std::string_view name) {
  return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos;
}

bool is_extended_resource(std::string_view name) {
  if (is_native_resource(name) || name.starts_with(kRequests)) return false;
  // It has to fit into a quota's name.
  return schema::format_messages("qualified-name", std::string(kRequests).append(name)).empty();
}

bool is_standard_container_resource(std::string_view name) {
  return contains(kContainerResources, name) || is_huge_page_resource(name);
}

bool is_standard_quota_resource(std::string_view name) {
  if (contains(kCounted, name) || contains(kSummed, name) || is_huge_page_resource(name)) return true;
  return name.starts_with(kRequests) && is_huge_page_resource(name.substr(kRequests.size()));
}

bool is_standard_resource(std::string_view name) { return name == "storage" || is_standard_quota_resource(name); }

bool is_integer_resource(std::string_view name) { return contains(kCounted, name) || is_extended_resource(name); }

bool allows_overcommit(std::string_view name) { return is_native_resource(name) && !is_huge_page_resource(name); }

}  // namespace skiff::api

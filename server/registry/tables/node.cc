#include "api/views/node.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

#include <set>

namespace skiff::server {

namespace {

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr std::string_view kRoleLabel = "kubernetes.io/role";

std::string status_cell(const Json& node) {
  const std::string ready = api::condition_status(node, "Ready");
  std::string text = "Unknown";
  if (!ready.empty()) text = ready == "True" ? "Ready" : "NotReady";
  if (bool_at(node, {"spec", "unschedulable"})) text += ",SchedulingDisabled";
  return text;
}

std::string roles_cell(const Json& node) {
  std::set<std::string> roles;
  for (const auto& [name, value] : api::labels_of(node).items()) {
    if (name.starts_with(kRolePrefix) && name.size() > kRolePrefix.size())
      roles.insert(name.substr(kRolePrefix.size()));
    if (name == kRoleLabel && value != "") roles.insert(value.get<std::string>());
  }
  std::string text;
  for (const std::string& role : roles) text += (text.empty() ? "" : ",") + role;
  return or_none(text);
}

std::string info_cell(const Json& node, std::string_view name) {
  std::string text = string_at(node, {"status", "nodeInfo", name});
  return text.empty() ? "<unknown>" : text;
}

std::vector<Json> node_row(const Json& node, TimePoint now) {
  return {name_cell(node),
          status_cell(node),
          roles_cell(node),
          age_cell(node, now),
          string_at(node, {"status", "nodeInfo", "kubeletVersion"}),
          or_none(api::node_address(node, "InternalIP")),
          or_none(api::node_address(node, "ExternalIP")),
          info_cell(node, "osImage"),
          info_cell(node, "kernelVersion"),
          info_cell(node, "containerRuntimeVersion")};
}

}  // namespace

TableSpec node_table() {
  return TableSpec{
      {name_column(), column("Status", "Whether the node is ready."), column("Roles", "Roles of the node."),
       age_column(), column("Version", "Version of the node agent."),
       wide_column("Internal-IP", "Address inside the cluster."),
       wide_column("External-IP", "Address outside the cluster."),
       wide_column("OS-Image", "Name of the operating system."),
       wide_column("Kernel-Version", "Version of the kernel."),
       wide_column("Container-Runtime", "Container runtime and its version.")},
      node_row};
}

}  // namespace skiff::server

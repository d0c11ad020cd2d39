#include "api/base/files.h"
#include "nodeagent/mounts.h"
#include "nodeagent/network/namespace.h"
#include "nodeagent/runtime/oci/oci_runtime.h"

#include <unistd.h>

namespace skiff::nodeagent {

namespace {

using oci::CgroupHost;
using oci::Layout;

// Kills and removes the cgroup, and with it every process of the container.
Result<void> clear(const CgroupHost& cgroups, const std::string& id, const std::string& cgroup) {
  return oci::remove_abandoned(id, [&]() -> Result<void> {
    if (cgroup.empty()) return {};
    oci::kill_cgroup(cgroups, cgroup);
    return oci::remove_cgroup(cgroups, cgroup);
  });
}

}  // namespace

Result<void> clean(const OciOptions& options) {
  if (::geteuid() != 0) return Error{ErrorCode::kPermissionDenied, "cleaning up after containers needs root"};
  const Layout layout(options.data_directory, oci::boot_id());
  const CgroupHost cgroups = oci::find_cgroups();
  for (const auto& record : oci::load_containers(layout).records) {
    if (auto done = clear(cgroups, record.status.id, record.cgroup); !done) return done;
  }
  const oci::PodCgroups pod_cgroups(cgroups, "/" + options.cgroup_root);
  for (const auto& record : oci::load_sandboxes(layout).records) {
    const std::string cgroup = pod_cgroups.path_of(record.config.cgroup) + "/" + record.id;
    if (auto done = clear(cgroups, record.id, cgroup); !done) return done;
  }
  oci::remove_empty_cgroups(cgroups, "/" + options.cgroup_root);
  // Before the network: the pairs go with their namespaces, which no process and no pin holds any more.
  if (auto unmounted = unmount_below(layout.root()); !unmounted) return unmounted;
  NetworkOptions network = options.network;
  network.data_directory = options.data_directory;
  if (auto done = PodNetwork::clean(network); !done) return done;
  return remove_tree(layout.root());
}

}  // namespace skiff::nodeagent

#include "nodeagent/runtime/oci/spec.h"

#include "nodeagent/runtime/oci/seccomp.h"

#include <algorithm>
#include <array>
#include <set>

namespace skiff::nodeagent::oci {

namespace {

constexpr std::array<std::string_view, 14> kDefaultCapabilities = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

// Hidden from containers that are not privileged: host-wide state that /proc and /sys show and namespaces do not
// divide.
constexpr std::array<std::string_view, 11> kMaskedPaths = {"/proc/asound",
                                                           "/proc/acpi",
                                                           "/proc/kcore",
                                                           "/proc/keys",
                                                           "/proc/latency_stats",
                                                           "/proc/timer_list",
                                                           "/proc/timer_stats",
                                                           "/proc/sched_debug",
                                                           "/proc/scsi",
                                                           "/sys/firmware",
                                                           "/sys/devices/virtual/powercap"};
constexpr std::array<std::string_view, 5> kReadOnlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                            "/proc/sysrq-trigger"};

Json mount(std::string_view type, std::string_view destination, std::string_view source,
           std::vector<std::string> options) {
  return {{"type", type}, {"destination", destination}, {"source", source}, {"options", std::move(options)}};
}

// Kernel file systems; the pod's own mounts come on top.
Json system_mounts(const SpecContext& context, const SandboxRecord& sandbox, bool privileged) {
  const std::string access = privileged ? "rw" : "ro";
  const std::string shared_memory = sandbox.config.host_ipc ? "/dev/shm" : context.layout.shared_memory(sandbox.id);
  return Json::array({
      mount("proc", "/proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("tmpfs", "/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("devpts", "/dev/pts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("mqueue", "/dev/mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("sysfs", "/sys", "sysfs", {"nosuid", "noexec", "nodev", access}),
      mount("cgroup", "/sys/fs/cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", access}),
      mount("bind", "/dev/shm", shared_memory, {"rbind", "rprivate", "nosuid", "noexec", "nodev", "rw"}),
  });
}

Json pause_mounts() {
  return Json::array({
      mount("proc", "/proc", "proc", {"nosuid", "noexec", "nodev"}),  // runc wants it
      // The runtime puts device nodes there; not into the directory that all pods share.
      mount("tmpfs", "/dev", "tmpfs", {"nosuid", "noexec", "mode=755", "size=64k"}),
  });
}

// A mount must come after those that it lies in: by number of path components, otherwise in the pod's order.
Json pod_mounts(const ContainerConfig& config) {
  std::vector<Mount> mounts = config.mounts;
  const auto depth = [](const Mount& m) { return std::count(m.container_path.begin(), m.container_path.end(), '/'); };
  std::stable_sort(mounts.begin(), mounts.end(), [&](const Mount& a, const Mount& b) { return depth(a) < depth(b); });
  Json result = Json::array();
  for (const Mount& m : mounts) {
    result.push_back(mount("bind", m.container_path, m.host_path, {"rbind", "rprivate", m.read_only ? "ro" : "rw"}));
  }
  return result;
}

std::string namespaces_of(int pid) { return "/proc/" + std::to_string(pid) + "/ns/"; }

Json namespaces(const SpecContext& context, const SandboxRecord& sandbox, bool is_pause, int target_pid) {
  const SandboxConfig& config = sandbox.config;
  const std::string joined = namespaces_of(sandbox.pause.pid);
  Json result = Json::array({Json{{"type", "mount"}}});
  const auto add = [&](const char* type, const char* file) {
    result.push_back(is_pause ? Json{{"type", type}} : Json{{"type", type}, {"path", joined + file}});
  };
  if (context.cgroups.unified) result.push_back(Json{{"type", "cgroup"}});
  if (!config.host_ipc) add("ipc", "ipc");
  if (!config.host_network) {
    add("uts", "uts");
    result.push_back(Json{{"type", "network"}, {"path", context.layout.network_namespace(sandbox.id)}});
  }
  if (target_pid != 0) {
    result.push_back(Json{{"type", "pid"}, {"path", namespaces_of(target_pid) + "pid"}});
  } else if (!config.host_pid && (is_pause || !config.share_process_namespace)) {
    result.push_back(Json{{"type", "pid"}});
  } else if (!config.host_pid) {
    add("pid", "pid");
  }
  return result;
}

Json resources(const CgroupHost& cgroups, const Resources& wanted, bool privileged) {
  Json result = {{"devices", Json::array({Json{{"allow", privileged}, {"access", "rwm"}}})}};
  if (wanted.cpu_shares > 0) result["cpu"]["shares"] = wanted.cpu_shares;
  if (wanted.cpu_quota_us > 0) {
    result["cpu"]["quota"] = wanted.cpu_quota_us;
    result["cpu"]["period"] = wanted.cpu_period_us;
  }
  if (wanted.memory_limit_bytes > 0) {
    result["memory"]["limit"] = wanted.memory_limit_bytes;
    if (cgroups.swap_limits) result["memory"]["swap"] = wanted.memory_limit_bytes;  // no swap on top of it
  }
  if (wanted.pids_limit > 0) result["pids"]["limit"] = wanted.pids_limit;
  return result;
}

std::vector<std::string> environment(const ContainerConfig& config) {
  const auto is_term = [](const auto& variable) { return variable.first == "TERM"; };
  std::vector<std::string> result;
  if (config.tty && std::none_of(config.environment.begin(), config.environment.end(), is_term)) {
    result.emplace_back("TERM=xterm");
  }
  for (const auto& [name, value] : config.environment) result.push_back(name + "=" + value);
  return result;
}

Json process(const SpecContext& context, const ContainerConfig& config) {
  const SecurityConfig& security = config.security;
  const std::string directory = config.working_directory.empty() ? "/" : config.working_directory;
  const std::vector<std::string> capabilities = effective_capabilities(context.limits, security);
  return {{"terminal", config.tty},
          {"user", {{"uid", security.uid}, {"gid", security.gid}, {"additionalGids", security.supplemental_groups}}},
          {"args", config.arguments},
          {"env", environment(config)},
          {"cwd", directory},
          {"capabilities", {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
          {"noNewPrivileges", security.no_new_privileges && !security.privileged},
          {"oomScoreAdj", std::max(config.oom_score_adj, context.limits.minimum_oom_score_adj)}};
}

}  // namespace

std::vector<std::string> effective_capabilities(const HostLimits& limits, const SecurityConfig& security) {
  if (security.privileged) return limits.capabilities;
  const auto full_name = [](const std::string& name) { return name.starts_with("CAP_") ? name : "CAP_" + name; };
  const auto names_all = [&](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& name) { return name == "ALL" || name == "all"; });
  };
  std::set<std::string> wanted(kDefaultCapabilities.begin(), kDefaultCapabilities.end());
  if (names_all(security.add_capabilities)) wanted.insert(limits.capabilities.begin(), limits.capabilities.end());
  if (names_all(security.drop_capabilities)) wanted.clear();
  for (const std::string& name : security.add_capabilities) wanted.insert(full_name(name));
  for (const std::string& name : security.drop_capabilities) wanted.erase(full_name(name));
  std::vector<std::string> result;
  for (const std::string& name : limits.capabilities) {
    if (wanted.contains(name)) result.push_back(name);
  }
  return result;
}

Json pause_spec(const SpecContext& context, const SandboxRecord& sandbox, const std::string& cgroup) {
  // Nobody's choice for the OOM killer, as far as we may say so.
  const int oom_score_adj = std::max(-998, context.limits.minimum_oom_score_adj);
  Json linux_section = {{"namespaces", namespaces(context, sandbox, true, 0)},
                        {"cgroupsPath", cgroup},
                        {"resources", resources(context.cgroups, Resources{}, false)},
                        {"sysctl", sandbox.config.sysctls}};
  Json spec = {{"ociVersion", "1.0.2"},
               {"root", {{"path", context.layout.pause_root()}, {"readonly", true}}},
               {"process",
                {{"args", {"/pause"}},
                 {"cwd", "/"},
                 {"user", {{"uid", 65535}, {"gid", 65535}}},
                 {"capabilities", Json::object()},
                 {"noNewPrivileges", true},
                 {"oomScoreAdj", oom_score_adj}}},
               {"mounts", pause_mounts()},
               {"linux", std::move(linux_section)}};
  if (!sandbox.config.host_network) spec["hostname"] = sandbox.config.hostname;
  return spec;
}

Json container_spec(const SpecContext& context, const SandboxRecord& sandbox, const ContainerRecord& container,
                    const ContainerConfig& config, int target_pid) {
  const bool privileged = config.security.privileged;
  Json mounts = system_mounts(context, sandbox, privileged);
  for (Json& m : pod_mounts(config)) mounts.push_back(std::move(m));
  Json linux_section = {{"namespaces", namespaces(context, sandbox, false, target_pid)},
                        {"cgroupsPath", container.cgroup},
                        {"resources", resources(context.cgroups, config.resources, privileged)}};
  if (!privileged) {
    linux_section["maskedPaths"] = kMaskedPaths;
    linux_section["readonlyPaths"] = kReadOnlyPaths;
    if (config.security.seccomp_default) linux_section["seccomp"] = default_seccomp_profile();
  }
  return {{"ociVersion", "1.0.2"},
          {"root", {{"path", "rootfs"}, {"readonly", config.security.read_only_root}}},
          {"process", process(context, config)},
          {"mounts", std::move(mounts)},
          {"linux", std::move(linux_section)}};
}

}  // namespace skiff::nodeagent::oci

#include "nodeagent/runtime/oci/host.h"

#include "api/base/files.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <functional>
#include <string_view>
#include <thread>

namespace skiff::nodeagent::oci {

namespace {

constexpr long kCgroup2Magic = 0x63677270;
constexpr long kCgroup1Magic = 0x27e0eb;
const std::string kCgroupMount = "/sys/fs/cgroup";

// The kernel takes cgroups apart shortly after their last process; nothing tells when.
constexpr int kAttempts = 200;
constexpr auto kPause = std::chrono::milliseconds(5);

bool eventually(const std::function<bool()>& done) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (done()) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

long file_system_type(const std::string& path) {
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0 ? static_cast<long>(status.f_type) : 0;
}

// Sends SIGKILL to all members; false when there was none.
bool kill_members(const std::string& directory) {
  const auto text = read_file(directory + "/cgroup.procs");
  if (!text || text->empty()) return false;
  for (std::size_t start = 0; start < text->size();) {
    const std::size_t end = std::min(text->find('\n', start), text->size());
    int pid = 0;
    std::from_chars(text->data() + start, text->data() + end, pid);
    if (pid > 0) ::kill(pid, SIGKILL);
    start = end + 1;
  }
  return true;
}

std::vector<std::string> child_directories(const std::string& path) {
  std::vector<std::string> names = list_directory(path);
  std::erase_if(names, [&path](const std::string& name) {
    struct stat status {};
    return ::lstat((path + "/" + name).c_str(), &status) != 0 || !S_ISDIR(status.st_mode);
  });
  return names;
}

// The cgroup of one hierarchy, after what the container made below.
Result<void> remove_cgroup_at(const std::string& path) {
  for (const std::string& name : child_directories(path)) {
    if (auto removed = remove_cgroup_at(path + "/" + name); !removed) return removed;
  }
  int failure = 0;
  static_cast<void>(eventually([&] {
    failure = ::rmdir(path.c_str()) == 0 ? 0 : errno;
    return failure != EBUSY;
  }));
  if (failure != 0 && failure != ENOENT) return errno_error("remove cgroup " + path, failure);
  return {};
}

void remove_empty_cgroups_at(const std::string& path) {
  for (const std::string& name : child_directories(path)) remove_empty_cgroups_at(path + "/" + name);
  ::rmdir(path.c_str());
}

// In the order of their bits.
constexpr std::array<std::string_view, 41> kCapabilities = {"CAP_CHOWN",
                                                            "CAP_DAC_OVERRIDE",
                                                            "CAP_DAC_READ_SEARCH",
                                                            "CAP_FOWNER",
                                                            "CAP_FSETID",
                                                            "CAP_KILL",
                                                            "CAP_SETGID",
                                                            "CAP_SETUID",
                                                            "CAP_SETPCAP",
                                                            "CAP_LINUX_IMMUTABLE",
                                                            "CAP_NET_BIND_SERVICE",
                                                            "CAP_NET_BROADCAST",
                                                            "CAP_NET_ADMIN",
                                                            "CAP_NET_RAW",
                                                            "CAP_IPC_LOCK",
                                                            "CAP_IPC_OWNER",
                                                            "CAP_SYS_MODULE",
                                                            "CAP_SYS_RAWIO",
                                                            "CAP_SYS_CHROOT",
                                                            "CAP_SYS_PTRACE",
                                                            "CAP_SYS_PACCT",
                                                            "CAP_SYS_ADMIN",
                                                            "CAP_SYS_BOOT",
                                                            "CAP_SYS_NICE",
                                                            "CAP_SYS_RESOURCE",
                                                            "CAP_SYS_TIME",
                                                            "CAP_SYS_TTY_CONFIG",
                                                            "CAP_MKNOD",
                                                            "CAP_LEASE",
                                                            "CAP_AUDIT_WRITE",
                                                            "CAP_AUDIT_CONTROL",
                                                            "CAP_SETFCAP",
                                                            "CAP_MAC_OVERRIDE",
                                                            "CAP_MAC_ADMIN",
                                                            "CAP_SYSLOG",
                                                            "CAP_WAKE_ALARM",
                                                            "CAP_BLOCK_SUSPEND",
                                                            "CAP_AUDIT_READ",
                                                            "CAP_PERFMON",
                                                            "CAP_BPF",
                                                            "CAP_CHECKPOINT_RESTORE"};

// A mask of /proc/self/status: "CapEff:\t000001ffffffffff".
std::uint64_t capability_mask(const std::string& status, std::string_view name) {
  std::uint64_t mask = 0;
  const std::size_t start = status.find(std::string(name) + ":\t");
  if (start == std::string::npos) return 0;
  const char* digits = status.data() + start + name.size() + 2;
  std::from_chars(digits, status.data() + status.size(), mask, 16);
  return mask;
}

}  // namespace

CgroupHost find_cgroups() {
  CgroupHost host;
  if (file_system_type(kCgroupMount) == kCgroup2Magic) {
    host.unified = true;
    host.hierarchies = {kCgroupMount};
    // The root has no limits; the agent's own cgroup is another one wherever there is an init system.
    const auto own = read_file("/proc/self/cgroup");  // "0::/system.slice/skiff.service"
    if (own && own->starts_with("0::/")) {
      host.swap_limits = path_exists(kCgroupMount + own->substr(3, own->find('\n') - 3) + "/memory.swap.max");
    }
    return host;
  }
  host.swap_limits = path_exists(kCgroupMount + "/memory/memory.memsw.limit_in_bytes");
  for (const std::string& name : child_directories(kCgroupMount)) {  // not "cpu" where it links to "cpu,cpuacct"
    const std::string path = kCgroupMount + "/" + name;
    const long type = file_system_type(path);
    if (type == kCgroup2Magic) host.hybrid = true;
    if (type == kCgroup2Magic || type == kCgroup1Magic) host.hierarchies.push_back(path);
  }
  return host;
}

void kill_cgroup(const CgroupHost& host, const std::string& cgroup) {
  if (host.unified) static_cast<void>(write_existing_file(host.hierarchies[0] + cgroup + "/cgroup.kill", "1"));
  for (const std::string& hierarchy : host.hierarchies) {
    static_cast<void>(eventually([&] { return !kill_members(hierarchy + cgroup); }));
  }
}

Result<void> remove_cgroup(const CgroupHost& host, const std::string& cgroup) {
  for (const std::string& hierarchy : host.hierarchies) {
    if (auto removed = remove_cgroup_at(hierarchy + cgroup); !removed) return removed;
  }
  return {};
}

void remove_cgroup_if_empty(const CgroupHost& host, const std::string& cgroup) {
  for (const std::string& hierarchy : host.hierarchies) ::rmdir((hierarchy + cgroup).c_str());
}

void remove_empty_cgroups(const CgroupHost& host, const std::string& cgroup) {
  for (const std::string& hierarchy : host.hierarchies) remove_empty_cgroups_at(hierarchy + cgroup);
}

Result<HostLimits> find_limits() {
  auto status = read_file("/proc/self/status");
  if (!status) return status.error();
  HostLimits limits;
  const std::uint64_t mask = capability_mask(*status, "CapEff") & capability_mask(*status, "CapBnd");
  for (std::size_t bit = 0; bit < kCapabilities.size(); ++bit) {
    if (mask >> bit & 1) limits.capabilities.emplace_back(kCapabilities[bit]);
  }
  // Without CAP_SYS_RESOURCE the value can only be raised.
  const bool may_lower = std::find(limits.capabilities.begin(), limits.capabilities.end(), "CAP_SYS_RESOURCE") !=
                         limits.capabilities.end();
  if (!may_lower) {
    auto own = read_file("/proc/self/oom_score_adj");
    if (!own) return own.error();
    std::from_chars(own->data(), own->data() + own->size(), limits.minimum_oom_score_adj);
  }
  return limits;
}

}  // namespace skiff::nodeagent::oci

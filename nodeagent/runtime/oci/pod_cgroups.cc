#include "nodeagent/runtime/oci/pod_cgroups.h"

#include "api/base/files.h"
#include "api/base/log.h"
#include "nodeagent/number_file.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace skiff::nodeagent::oci {

namespace {

// What the kernel has a file for, and in which controller's hierarchy.
struct Setting {
  const char* controller;
  const char* file;
  std::string value;
};

// The bounds of cpu.shares and of cpu.weight.
constexpr std::int64_t kFewestShares = 2;
constexpr std::int64_t kMostShares = 262144;
constexpr std::int64_t kLeastWeight = 1;
constexpr std::int64_t kMostWeight = 10000;

// How everybody who speaks of shares (Kubernetes, the OCI runtimes) takes them for version 2.
std::int64_t weight_of(std::int64_t shares) {
  const std::int64_t bounded = std::clamp(shares, kFewestShares, kMostShares);
  return kLeastWeight + (bounded - kFewestShares) * (kMostWeight - kLeastWeight) / (kMostShares - kFewestShares);
}

// A cgroup's part of the processors, in its version's units.
const char* share_file(const CgroupHost& host) { return host.unified ? "/cpu.weight" : "/cpu.shares"; }

Setting share_setting(const CgroupHost& host, std::int64_t shares) {
  return {"cpu", share_file(host), std::to_string(host.unified ? weight_of(shares) : shares)};
}

std::vector<Setting> settings_of(const CgroupHost& host, const Resources& resources) {
  std::vector<Setting> settings;
  if (resources.cpu_shares > 0) settings.push_back(share_setting(host, resources.cpu_shares));
  const std::string period = std::to_string(resources.cpu_period_us);
  const std::string quota = std::to_string(resources.cpu_quota_us);
  if (resources.cpu_quota_us > 0 && host.unified) settings.push_back({"cpu", "/cpu.max", quota + " " + period});
  if (resources.cpu_quota_us > 0 && !host.unified) {
    settings.push_back({"cpu", "/cpu.cfs_period_us", period});
    settings.push_back({"cpu", "/cpu.cfs_quota_us", quota});
  }
  if (resources.memory_limit_bytes > 0) {
    const char* file = host.unified ? "/memory.max" : "/memory.limit_in_bytes";
    settings.push_back({"memory", file, std::to_string(resources.memory_limit_bytes)});
  }
  if (resources.pids_limit > 0) settings.push_back({"pids", "/pids.max", std::to_string(resources.pids_limit)});
  return settings;
}

// Where the controller's hierarchy is mounted. With version 1 the directory is called like its controllers
// ("cpu,cpuacct"); empty: it is nowhere.
std::string hierarchy_of(const CgroupHost& host, std::string_view controller) {
  if (host.unified) return host.hierarchies[0];
  for (const std::string& hierarchy : host.hierarchies) {
    const std::string names = "," + std::filesystem::path(hierarchy).filename().string() + ",";
    if (names.find("," + std::string(controller) + ",") != std::string::npos) return hierarchy;
  }
  return "";
}

// With version 2 a cgroup has the files of those controllers only that the one above it hands down.
void hand_down_controllers(const std::string& mount, const std::string& cgroup) {
  for (std::size_t end = 0;; end = cgroup.find('/', end + 1)) {
    const std::string file = mount + cgroup.substr(0, end) + "/cgroup.subtree_control";
    // One that the machine does not have is missed when something is to be set with it.
    for (const char* controller : {"+cpu", "+memory", "+pids"}) {
      static_cast<void>(write_existing_file(file, controller));
    }
    if (end == std::string::npos) return;
  }
}

// What the pods of a class weigh together, as far as a cgroup can weigh.
std::int64_t weight_of_pods(const CgroupHost& host, const std::string& directory) {
  std::int64_t total = 0;
  for (const std::string& name : list_directory(directory)) {
    if (name.starts_with("pod")) total += read_number_file(directory + "/" + name + share_file(host)).value_or(0);
  }
  return host.unified ? std::clamp(total, kLeastWeight, kMostWeight) : std::clamp(total, kFewestShares, kMostShares);
}

}  // namespace

std::string PodCgroups::path_of(const PodCgroup& pod) const { return root_ + (pod.path.empty() ? "" : "/" + pod.path); }

Result<void> PodCgroups::make(const PodCgroup& pod) {
  if (pod.path.empty()) return {};
  const std::string cgroup = path_of(pod);
  if (auto done = set(cgroup, pod.resources); !done || pod.resources.cpu_shares == 0) return done;
  return weigh_class(pod);
}

Result<void> PodCgroups::set(const std::string& cgroup, const Resources& resources) const {
  for (const Setting& setting : settings_of(host_, resources)) {
    const std::string hierarchy = hierarchy_of(host_, setting.controller);
    if (hierarchy.empty()) {
      return Error{ErrorCode::kUnavailable, std::string("the cgroup controller ") + setting.controller + " is missing"};
    }
    if (!path_exists(hierarchy + cgroup)) {
      if (auto made = make_directories(hierarchy + cgroup); !made) return made;
      if (host_.unified) hand_down_controllers(hierarchy, cgroup.substr(0, cgroup.rfind('/')));
    }
    if (auto written = write_existing_file(hierarchy + cgroup + setting.file, setting.value); !written) return written;
  }
  return {};
}

Result<void> PodCgroups::weigh_class(const PodCgroup& pod) {
  const std::size_t slash = pod.path.rfind('/');
  const std::string hierarchy = hierarchy_of(host_, "cpu");
  if (slash == std::string::npos || hierarchy.empty()) return {};
  const std::string directory = hierarchy + root_ + "/" + pod.path.substr(0, slash);
  if (pod.class_cpu_shares > 0) {
    return write_existing_file(directory + share_file(host_), share_setting(host_, pod.class_cpu_shares).value);
  }
  const std::lock_guard lock(weighing_);
  return write_existing_file(directory + share_file(host_), std::to_string(weight_of_pods(host_, directory)));
}

void PodCgroups::release(const PodCgroup& pod) {
  if (pod.path.empty()) return;
  const std::string hierarchy = hierarchy_of(host_, "cpu");
  const std::string own = hierarchy + path_of(pod) + share_file(host_);
  if (hierarchy.empty() || !path_exists(own)) return;
  auto done = write_existing_file(own, share_setting(host_, kFewestShares).value);
  if (done) done = weigh_class(pod);
  if (!done) spdlog::warn("oci: {}", done.error().message);
}

void PodCgroups::remove(const PodCgroup& pod) {
  if (pod.path.empty()) return;
  remove_cgroup_if_empty(host_, path_of(pod));
}

}  // namespace skiff::nodeagent::oci

#include "nodeagent/volumes/pod_files.h"

#include "api/base/files.h"
#include "api/views/pod.h"
#include "nodeagent/mounts.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/sandbox_config.h"
#include "nodeagent/streaming/log_files.h"
#include "nodeagent/volumes/network_files.h"
#include "nodeagent/volumes/shared_file.h"
#include "nodeagent/volumes/subpath.h"
#include "nodeagent/volumes/volume.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kMaxTerminationMessage = 4096;
constexpr const char* kDefaultTerminationPath = "/dev/termination-log";
constexpr mode_t kSharedFileMode = 0644;
constexpr mode_t kMessageFileMode = 0666;  // whoever runs in the container writes it

std::string run_path(const std::string& directory, const std::string& container, std::uint32_t attempt,
                     const char* extension) {
  return directory + "/" + container + "/" + std::to_string(attempt) + extension;
}

const Json* find_volume(const Json& pod, const std::string& name) {
  for (const Json& volume : volumes_of(pod)) {
    if (string_at(volume, {"name"}) == name) return &volume;
  }
  return nullptr;
}

std::string text_of(const char* path) {
  const auto text = read_file(path);
  return text ? *text : "";
}

using Environment = std::vector<std::pair<std::string, std::string>>;

// The path inside the volume that a mount shows; "" = all of it.
std::string sub_path_of(const Json& mount, const Environment& environment) {
  const std::string expression = string_at(mount, {"subPathExpr"});
  if (expression.empty()) return string_at(mount, {"subPath"});
  return expand_variables(expression, [&environment](const std::string& name) -> const std::string* {
    for (const auto& [known, value] : environment) {
      if (known == name) return &value;
    }
    return nullptr;
  });
}

// Volumes in the order of the container's volumeMounts.
Result<std::vector<Mount>> volume_mounts(const Json& pod, const Json& container, const std::string& pod_directory,
                                         const Environment& environment) {
  std::vector<Mount> made;
  const Json* mounts = find(container, {"volumeMounts"});
  for (const Json& mount : mounts != nullptr ? *mounts : Json::array()) {
    const std::string name = string_at(mount, {"name"});
    const Json* volume = find_volume(pod, name);
    if (volume == nullptr)
      return Error{ErrorCode::kInvalid, "cannot find volume \"" + name + "\" to mount into container"};
    std::string host_path = volume_path(pod_directory, *volume);
    if (const std::string sub_path = sub_path_of(mount, environment); !sub_path.empty()) {
      const std::string container_name = string_at(container, {"name"});
      const std::string target =
          pod_directory + "/volume-subpaths/" + name + "/" + container_name + "/" + std::to_string(made.size());
      if (const auto mounted = mount_subpath(host_path, sub_path, target); !mounted) {
        return mounted.error().wrap("failed to prepare subPath for volumeMount \"" + name + "\" of container \"" +
                                    container_name + "\"");
      }
      host_path = target;
    }
    const VolumeType* type = volume_type_of(*volume);
    const bool read_only = bool_at(mount, {"readOnly"}) || (type != nullptr && type->read_only);
    made.push_back(Mount{std::move(host_path), string_at(mount, {"mountPath"}), read_only});
  }
  return made;
}

}  // namespace

std::string PodFiles::log_path(const std::string& uid, const std::string& container, std::uint32_t attempt) const {
  return run_path(log_directory(uid), container, attempt, ".log");
}

std::string PodFiles::message_path(const std::string& uid, const std::string& container, std::uint32_t attempt) const {
  return run_path(pod_directory(uid) + "/containers", container, attempt, ".message");
}

Result<void> PodFiles::set_up_volumes(const Json& pod, const ConfigSnapshot& configs,
                                      const TokenSnapshot& tokens) const {
  const std::string uid = api::uid_of(pod);
  const std::string directory = pod_directory(uid);
  for (const std::string& needed : {directory + "/etc", directory + "/containers", log_directory(uid)}) {
    if (const auto made = make_directories(needed); !made) return made.error();
  }
  for (const Json& volume : volumes_of(pod)) {
    const std::string name = string_at(volume, {"name"});
    const std::string context = "MountVolume.SetUp failed for volume \"" + name + "\" ";
    const VolumeType* type = volume_type_of(volume);
    if (type == nullptr) return Error{ErrorCode::kInvalid, context + ": no volume plugin matched"};
    const DownwardFacts facts{string_at(pod, {"status", "podIP"}), options_.host_ip, options_.capacity};
    const VolumeContext made_from{volume_path(directory, volume), pod, configs, tokens, facts};
    const auto done = type->set_up(volume.at(std::string(type->member)), made_from);
    if (!done) return done.error().wrap(context);
  }
  return {};
}

Result<std::vector<Mount>> PodFiles::prepare_container(const Json& pod, const std::string& container_name,
                                                       std::uint32_t attempt, const std::string& pod_ip,
                                                       const Environment& environment) const {
  const std::string uid = api::uid_of(pod);
  const std::string directory = pod_directory(uid);
  const Json& container = *find_container(pod, container_name);
  auto mounts = volume_mounts(pod, container, directory, environment);
  if (!mounts) return mounts;

  const DnsSettings dns{options_.cluster_dns, options_.cluster_domain, text_of("/etc/resolv.conf")};
  const std::pair<const char*, std::string> managed[] = {
      {"hosts", make_hosts_file(pod, pod_ip, options_.cluster_domain, text_of("/etc/hosts"))},
      {"hostname", pod_hostname(pod) + "\n"},
      {"resolv.conf", make_resolv_conf(pod, dns)},
  };
  for (const auto& [name, text] : managed) {
    const std::string target = std::string("/etc/") + name;
    if (api::mounts_at(container, target)) continue;
    const std::string path = directory + "/etc/" + name;
    // Whatever the pod's containers made of it meanwhile: each start finds it as it should be.
    if (const auto written = write_shared_file(path, text, kSharedFileMode); !written) return written.error();
    mounts->push_back(Mount{path, target, false});
  }

  const std::string message = message_path(uid, container_name, attempt);
  if (const auto made = make_directories(message.substr(0, message.rfind('/'))); !made) return made.error();
  if (const auto written = write_file_atomically(message, "", kMessageFileMode); !written) return written.error();
  mounts->push_back(Mount{message, string_at(container, {"terminationMessagePath"}, kDefaultTerminationPath), false});

  const std::string log = log_path(uid, container_name, attempt);
  if (const auto made = make_directories(log.substr(0, log.rfind('/'))); !made) return made.error();
  return mounts;
}

std::string PodFiles::read_termination_message(const std::string& uid, const std::string& container,
                                               std::uint32_t attempt) const {
  auto message = read_end_of_shared_file(message_path(uid, container, attempt), kMaxTerminationMessage);
  return message ? std::move(*message) : "";
}

void PodFiles::discard_attempt(const std::string& uid, const std::string& container, std::uint32_t attempt) const {
  // What cannot be removed now goes with the pod.
  remove_log_files(log_path(uid, container, attempt));
  static_cast<void>(remove_tree(message_path(uid, container, attempt)));
}

Result<void> PodFiles::remove_pod(const std::string& uid) const {
  const std::string directory = pod_directory(uid);
  if (const auto unmounted = unmount_below(directory); !unmounted) return unmounted.error();
  return remove_tree(directory);
}

std::vector<std::string> PodFiles::pods() const { return list_directory(options_.root + "/pods"); }

}  // namespace skiff::nodeagent

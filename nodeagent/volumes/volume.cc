#include "nodeagent/volumes/volume.h"

#include <sys/stat.h>
#include <unistd.h>

namespace skiff::nodeagent {

namespace {

constexpr VolumeType kTypes[] = {
    {"emptyDir", "kubernetes.io~empty-dir", set_up_empty_dir},
    {"hostPath", "", set_up_host_path},
    {"configMap", "kubernetes.io~configmap", set_up_config_map, true},
    {"secret", "kubernetes.io~secret", set_up_secret, true},
    {"downwardAPI", "kubernetes.io~downward-api", set_up_downward_api, true},
    {"projected", "kubernetes.io~projected", set_up_projected, true},
};

}  // namespace

const VolumeType* volume_type_of(const Json& volume) {
  for (const VolumeType& type : kTypes) {
    if (volume.contains(type.member)) return &type;
  }
  return nullptr;
}

std::string volume_path(const std::string& pod_directory, const Json& volume) {
  const VolumeType* type = volume_type_of(volume);
  if (type == nullptr || type->directory.empty()) return string_at(volume, {"hostPath", "path"});
  return pod_directory + "/volumes/" + std::string(type->directory) + "/" + string_at(volume, {"name"});
}

std::optional<gid_t> fs_group_of(const Json& pod) {
  const Json* group = find(pod, {"spec", "securityContext", "fsGroup"});
  if (group == nullptr || !group->is_number_integer()) return std::nullopt;
  return group->get<gid_t>();
}

mode_t volume_mode(mode_t mode, const Json& pod) { return fs_group_of(pod) ? mode | S_ISGID | S_IRWXG : mode; }

Result<void> open_to_pod(const std::string& directory, mode_t mode, const Json& pod) {
  const auto group = fs_group_of(pod);
  if (group && ::chown(directory.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return errno_error("change group of " + directory);
  }
  if (::chmod(directory.c_str(), volume_mode(mode, pod)) != 0) return errno_error("change mode of " + directory);
  return {};
}

}  // namespace skiff::nodeagent

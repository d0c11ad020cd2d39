#pragma once

#include "api/base/result.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/environment.h"
#include "nodeagent/pods/pod_tokens.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace skiff::nodeagent {

// What a volume is made from, beside its own source.
struct VolumeContext {
  std::string directory;  // where the volume lies when it is ours to make
  const Json& pod;
  const ConfigSnapshot& configs;
  const TokenSnapshot& tokens;
  DownwardFacts facts;
};

// One kind of volume. A new one is a file with a set_up function and a row in volume.cc.
struct VolumeType {
  std::string_view member;     // of the volume's document: "emptyDir"
  std::string_view directory;  // below the pod's volumes: "kubernetes.io~empty-dir"
  // Makes the volume, or brings it up to date: repeated whenever something that it shows may have changed. Blocks.
  // kNotFound: what it shows is missing and not optional.
  Result<void> (*set_up)(const Json& source, const VolumeContext& context);
  // Containers never write to it, whatever their volumeMounts say: the agent alone decides what it shows.
  bool read_only = false;
};

// Null for kinds that this node does not know.
[[nodiscard]] const VolumeType* volume_type_of(const Json& volume);

// Where a volume lies on the node: below the pod's directory, or the path that a hostPath names.
[[nodiscard]] std::string volume_path(const std::string& pod_directory, const Json& volume);

// spec.securityContext.fsGroup.
[[nodiscard]] std::optional<gid_t> fs_group_of(const Json& pod);

// Of a volume's top directory, as upstream's: everybody may write there; a tmpfs keeps what others own.
constexpr mode_t kModeOnDisk = 0777;
constexpr mode_t kModeInMemory = 01777;
// The mode of a volume's top directory: with an fsGroup, that may do everything there, and owns what is made there.
[[nodiscard]] mode_t volume_mode(mode_t mode, const Json& pod);
// Gives the directory that mode and the pod's fsGroup.
[[nodiscard]] Result<void> open_to_pod(const std::string& directory, mode_t mode, const Json& pod);

[[nodiscard]] Result<void> set_up_empty_dir(const Json& source, const VolumeContext& context);
[[nodiscard]] Result<void> set_up_host_path(const Json& source, const VolumeContext& context);
[[nodiscard]] Result<void> set_up_config_map(const Json& source, const VolumeContext& context);
[[nodiscard]] Result<void> set_up_secret(const Json& source, const VolumeContext& context);
[[nodiscard]] Result<void> set_up_downward_api(const Json& source, const VolumeContext& context);
[[nodiscard]] Result<void> set_up_projected(const Json& source, const VolumeContext& context);

}  // namespace skiff::nodeagent

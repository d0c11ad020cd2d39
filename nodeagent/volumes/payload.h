#pragma once

#include "api/base/result.h"
#include "nodeagent/volumes/volume.h"

#include <sys/types.h>

#include <map>
#include <string>

// What the volumes that show documents as files have in common.
namespace skiff::nodeagent {

struct PayloadFile {
  std::string content;
  mode_t mode = 0644;
  std::optional<uid_t> owner;  // root otherwise
};
// By path relative to the volume ("a", "dir/b").
using Payload = std::map<std::string, PayloadFile>;

// Adds the files of one source; `default_mode` where an item names none. kNotFound: missing and not optional.
[[nodiscard]] Result<void> add_config_object(ConfigKey::Kind kind, const std::string& name, const Json& source,
                                             mode_t default_mode, const VolumeContext& context, Payload& payload);
[[nodiscard]] Result<void> add_downward_items(const Json& source, mode_t default_mode, const VolumeContext& context,
                                              Payload& payload);

// The token that a serviceAccountToken source asks for.
[[nodiscard]] Result<void> add_token(const Json& source, mode_t default_mode, const VolumeContext& context,
                                     Payload& payload);

// "defaultMode" of a volume's source.
[[nodiscard]] mode_t default_mode_of(const Json& source);

// Where a payload lies: what upstream keeps off the disk is kept off ours.
enum class PayloadMedium { kDisk, kMemory };

// Makes the volume show exactly the payload. All files change at the same moment for those who look, and nothing is
// touched when nothing changed:
//
//   a        -> ..data/a                    one link per first path component, made once
//   ..data   -> ..2026_11_22_1234567890     replaced by rename(2)
//   ..2026_11_22_1234567890/a               the files
//
// The pod's fsGroup, where there is one, owns all of it and may read it; containers never write to it.
[[nodiscard]] Result<void> show_payload(PayloadMedium medium, const VolumeContext& context, const Payload& payload);

}  // namespace skiff::nodeagent

// secret: a Secret's keys as files, which follow its changes. On a tmpfs, so that they never reach the disk.
#include "api/base/files.h"
#include "nodeagent/mounts.h"
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

Result<void> set_up_secret(const Json& source, const VolumeContext& context) {
  Payload payload;
  const auto added = add_config_object(ConfigKey::Kind::kSecret, string_at(source, {"secretName"}), source,
                                       default_mode_of(source), context, payload);
  if (!added) return added.error();
  if (const auto made = make_directories(context.directory); !made) return made.error();
  if (const auto mounted = mount_tmpfs(context.directory, 0, 0755); !mounted) return mounted.error();
  return write_payload(context.directory, payload, fs_group_of(context.pod));
}

}  // namespace skiff::nodeagent

// secret: a Secret's keys as files, which follow its changes. On a tmpfs, so that they never reach the disk.
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

Result<void> set_up_secret(const Json& source, const VolumeContext& context) {
  Payload payload;
  const auto added = add_config_object(ConfigKey::Kind::kSecret, string_at(source, {"secretName"}), source,
                                       default_mode_of(source), context, payload);
  if (!added) return added.error();
  return show_payload(PayloadMedium::kMemory, context, payload);
}

}  // namespace skiff::nodeagent

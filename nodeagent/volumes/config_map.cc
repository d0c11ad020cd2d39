// configMap: a ConfigMap's keys as files, which follow its changes.
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

Result<void> set_up_config_map(const Json& source, const VolumeContext& context) {
  Payload payload;
  const auto added = add_config_object(ConfigKey::Kind::kConfigMap, string_at(source, {"name"}), source,
                                       default_mode_of(source), context, payload);
  if (!added) return added.error();
  return show_payload(PayloadMedium::kDisk, context, payload);
}

}  // namespace skiff::nodeagent

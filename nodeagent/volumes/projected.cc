// projected: several sources in one directory. As it may hold a Secret, it lies on a tmpfs.
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

namespace {

Result<void> add_source(const Json& source, mode_t mode, const VolumeContext& context, Payload& payload) {
  if (const Json* map = find(source, {"configMap"})) {
    return add_config_object(ConfigKey::Kind::kConfigMap, string_at(*map, {"name"}), *map, mode, context, payload);
  }
  if (const Json* secret = find(source, {"secret"})) {
    return add_config_object(ConfigKey::Kind::kSecret, string_at(*secret, {"name"}), *secret, mode, context, payload);
  }
  if (const Json* downward = find(source, {"downwardAPI"}))
    return add_downward_items(*downward, mode, context, payload);
  if (const Json* token = find(source, {"serviceAccountToken"})) return add_token(*token, mode, context, payload);
  const std::string kind = source.empty() ? "nothing" : source.begin().key();
  return Error{ErrorCode::kInvalid, "projected source " + kind + " is not supported by this node"};
}

}  // namespace

Result<void> set_up_projected(const Json& source, const VolumeContext& context) {
  Payload payload;
  const Json* sources = find(source, {"sources"});
  for (const Json& each : sources != nullptr ? *sources : Json::array()) {
    if (const auto added = add_source(each, default_mode_of(source), context, payload); !added) return added.error();
  }
  return show_payload(PayloadMedium::kMemory, context, payload);
}

}  // namespace skiff::nodeagent

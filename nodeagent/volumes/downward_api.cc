// downwardAPI: fields of the pod and resources of its containers as files.
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

Result<void> set_up_downward_api(const Json& source, const VolumeContext& context) {
  Payload payload;
  if (const auto added = add_downward_items(source, default_mode_of(source), context, payload); !added)
    return added.error();
  return write_payload(context.directory, payload, fs_group_of(context.pod));
}

}  // namespace skiff::nodeagent

// downwardAPI: fields of the pod and resources of its containers as files. On a tmpfs, as upstream.
#include "nodeagent/volumes/payload.h"

namespace skiff::nodeagent {

Result<void> set_up_downward_api(const Json& source, const VolumeContext& context) {
  Payload payload;
  if (const auto added = add_downward_items(source, default_mode_of(source), context, payload); !added)
    return added.error();
  return show_payload(PayloadMedium::kMemory, context, payload);
}

}  // namespace skiff::nodeagent

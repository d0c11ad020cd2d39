#include "test/fuzz/target.h"

#include <array>

namespace skiff::fuzz {

std::span<const Target> all_targets() {
  static constexpr std::array<Target, 13> kTargets = {{{"json_body", fuzz_json_body},
                                                       {"protobuf_body", fuzz_protobuf_body},
                                                       {"yaml_body", fuzz_yaml_body},
                                                       {"json_patch", fuzz_json_patch},
                                                       {"merge_patch", fuzz_merge_patch},
                                                       {"strategic_merge_patch", fuzz_strategic_merge_patch},
                                                       {"field_set", fuzz_field_set},
                                                       {"apply", fuzz_apply},
                                                       {"selector", fuzz_selector},
                                                       {"request_target", fuzz_request_target},
                                                       {"http_request", fuzz_http_request},
                                                       {"spdy", fuzz_spdy},
                                                       {"websocket", fuzz_websocket}}};
  return kTargets;
}

}  // namespace skiff::fuzz

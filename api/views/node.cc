#include "api/views/node.h"

namespace skiff::api {

std::string node_address(const Json& node, std::string_view type) {
  const Json* addresses = find(node, {"status", "addresses"});
  if (addresses == nullptr || !addresses->is_array()) return "";
  for (const Json& address : *addresses) {
    if (string_at(address, {"type"}) == type) return string_at(address, {"address"});
  }
  return "";
}

}  // namespace skiff::api

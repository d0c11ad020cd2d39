#include "server/registry/address.h"

#include "server/registry/object_meta.h"

namespace skiff::server {

api::Result<void> take_namespace(const Kind& kind, const std::string& namespace_, Json& object) {
  Json& metadata = metadata_of(object);
  if (!kind.namespaced) {
    metadata.erase("namespace");
    return {};
  }
  if (string_at(metadata, {"namespace"}, namespace_) != namespace_) {
    return api::bad_request("the namespace of the provided object does not match the namespace sent on the request");
  }
  metadata["namespace"] = namespace_;
  return {};
}

api::Result<void> take_address(const Kind& kind, const api::NamespacedName& name, Json& object) {
  if (auto taken = take_namespace(kind, name.namespace_, object); !taken) return taken;
  const std::string own_name = string_at(object, {"metadata", "name"});
  if (own_name.empty()) {
    return api::bad_request("the name of the object (" + name.name +
                            " based on URL) was undeterminable: name must be provided");
  }
  if (own_name != name.name) {
    return api::bad_request("the name of the object (" + own_name + ") does not match the name on the URL (" +
                            name.name + ")");
  }
  return {};
}

}  // namespace skiff::server

#include "api/schema/validate.h"
#include "server/registry/kinds/data.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class ConfigMapStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& data = data_member(object, "data");
    const Json& binary_data = data_member(object, "binaryData");
    validate_data_keys(data, "data", errors);
    for (const auto& [name, value] : data.items()) {
      if (binary_data.contains(name)) {
        errors.invalid(api::key("data", name), name, "duplicate of key present in binaryData");
      }
    }
    validate_data_keys(binary_data, "binaryData", errors);
    // The path is upstream's: the root has no name.
    if (text_bytes(data) + decoded_bytes(binary_data) > kMaxDataBytes) errors.too_long("[]", kMaxDataBytes);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    validate_immutable_data(object, old_object, {"data", "binaryData"}, errors);
  }
};

}  // namespace

Kind config_map_kind(const api::schema::Catalog& catalog) {
  Kind kind = plain_kind(served_version(catalog, "", "v1", "ConfigMap"), "configmaps", config_map_table());
  kind.short_names = {"cm"};
  kind.strategy = std::make_shared<ConfigMapStrategy>();
  return kind;
}

}  // namespace skiff::server

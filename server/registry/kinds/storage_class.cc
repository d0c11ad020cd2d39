#include "api/base/text.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <string>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxParameters = 512;
constexpr std::size_t kMaxParameterBytes = 256 * 1024;

void validate_provisioner(const std::string& provisioner, api::FieldErrors& errors) {
  for (std::string& what : api::schema::format_messages("qualified-name", lower_case(provisioner))) {
    errors.invalid("provisioner", provisioner, std::move(what));
  }
}

void validate_parameters(const Json& parameters, api::FieldErrors& errors) {
  if (parameters.size() > kMaxParameters) return errors.too_long("parameters", kMaxParameters);
  std::size_t bytes = 0;
  for (const auto& [name, value] : parameters.items()) {
    if (name.empty()) errors.invalid("parameters", name, "field can not be empty.");
    bytes += name.size() + value.get_ref<const std::string&>().size();
  }
  if (bytes > kMaxParameterBytes) errors.too_long("parameters", kMaxParameterBytes);
}

class StorageClassStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    if (const std::string name = string_at(object, {"provisioner"}); !name.empty()) validate_provisioner(name, errors);
    if (const Json* parameters = find(object, {"parameters"})) validate_parameters(*parameters, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    for (const char* member : {"parameters", "provisioner", "reclaimPolicy"}) {
      if (object.value(member, Json()) == old_object.value(member, Json())) continue;
      errors.forbidden(member, "updates to " + std::string(member) + " are forbidden.");
    }
  }

  void warn(const Json& object, const Json*, std::vector<std::string>& warnings) const override {
    for_each_element(object, "allowedTopologies", "", [&](const Json& term, const std::string& path) {
      for_each_element(term, "matchLabelExpressions", path, [&](const Json& expression, const std::string& at) {
        warn_of_node_label(string_at(expression, {"key"}), api::child(at, "key"), warnings);
      });
    });
  }
};

}  // namespace

Kind storage_class_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "StorageClass";
  kind.plural = "storageclasses";
  kind.singular = "storageclass";
  kind.short_names = {"sc"};
  kind.namespaced = false;
  kind.versions = {served_version(catalog, "storage.k8s.io", "v1", "StorageClass")};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<StorageClassStrategy>();
  kind.table = storage_class_table();
  return kind;
}

}  // namespace skiff::server

#include "server/registry/kinds/storage.h"

#include "api/quantity.h"
#include "api/schema/validate.h"

#include <algorithm>
#include <vector>

namespace skiff::server {

namespace {

constexpr const char* kOncePod = "ReadWriteOncePod";

}  // namespace

void validate_access_modes(const Json& owner, const std::string& path, const std::string& missing,
                           api::FieldErrors& errors) {
  static const std::vector<std::string> known = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", kOncePod};
  const std::string modes_path = api::child(path, "accessModes");
  const Json* modes = find(owner, {"accessModes"});
  if (modes == nullptr || modes->empty()) return errors.required(modes_path, missing);
  bool once_pod = false;
  bool others = false;
  for (const Json& mode : *modes) {
    if (std::find(known.begin(), known.end(), mode.get<std::string>()) == known.end()) {
      errors.not_supported(modes_path, mode, known);
    }
    (mode == kOncePod ? once_pod : others) = true;
  }
  if (once_pod && others) errors.forbidden(modes_path, "may not use ReadWriteOncePod with other access modes");
}

void validate_positive_quantity(const Json& quantity, const std::string& path, api::FieldErrors& errors) {
  const auto parsed = api::Quantity::parse(quantity.get<std::string>());
  if (!parsed || parsed->is_zero() || parsed->is_negative())
    errors.invalid(path, quantity, "must be greater than zero");
}

void validate_storage_class_name(const Json& object, api::FieldErrors& errors) {
  const std::string name = string_at(object, {"spec", "storageClassName"});
  if (name.empty()) return;
  api::schema::validate_format("dns1123-subdomain", name, "spec.storageClassName", errors);
}

}  // namespace skiff::server

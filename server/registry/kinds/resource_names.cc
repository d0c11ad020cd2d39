#include "server/registry/kinds/resource_names.h"

#include "api/resource_names.h"
#include "api/schema/validate.h"

namespace skiff::server {

namespace {

bool has_domain(const std::string& name) { return name.find('/') != std::string::npos; }

void validate_quota_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors) {
  validate_resource_name(name, path, errors);
  if (!has_domain(name) && !api::is_standard_quota_resource(name)) {
    errors.invalid(path, name, "must be a standard resource for quota");
  }
}

}  // namespace

void validate_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors) {
  for (std::string& what : api::schema::format_messages("qualified-name", name)) {
    errors.invalid(path, name, std::move(what));
  }
  if (!has_domain(name) && !api::is_standard_resource(name)) {
    errors.invalid(path, name, "must be a standard resource type or fully qualified");
  }
}

void validate_container_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors) {
  validate_resource_name(name, path, errors);
  if (!has_domain(name)) {
    if (!api::is_standard_container_resource(name)) {
      errors.invalid(path, name, "must be a standard resource for containers");
    }
  } else if (!api::is_native_resource(name) && !api::is_extended_resource(name)) {
    errors.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

void validate_quota_amounts(const Json* list, const std::string& path, api::FieldErrors& errors) {
  if (list == nullptr) return;
  for (const auto& [name, value] : list->items()) {
    const std::string own_path = api::key(path, name);
    validate_quota_resource_name(name, own_path, errors);
    const auto amount = api::Quantity::parse(value.get<std::string>());
    if (!amount) continue;
    if (amount->is_negative()) errors.invalid(own_path, value, "must be greater than or equal to 0");
    if (api::is_integer_resource(name) && amount->milli_value() % 1000 != 0) {
      errors.invalid(own_path, value, "must be an integer");
    }
  }
}

}  // namespace skiff::server

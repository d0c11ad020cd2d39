#include "server/registry/kinds/resource_names.h"

#include "api/go_syntax.h"
#include "api/quantity.h"
#include "api/resource_names.h"
#include "api/schema/validate.h"

namespace skiff::server {

namespace {

bool has_domain(const std::string& name) { return name.find('/') != std::string::npos; }

}  // namespace

void validate_resource_name(const std::string& name, const std::string& path, api::FieldErrors& errors) {
  std::vector<std::string> messages = api::schema::format_messages("qualified-name", name);
  if (messages.empty() && !has_domain(name) && !api::is_standard_resource(name)) {
    messages.emplace_back("must be a standard resource type or fully qualified");
  }
  for (std::string& message : messages) errors.invalid(path, name, std::move(message));
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

void validate_resource_amount(const std::string& name, const std::string& text, const std::string& path,
                              api::FieldErrors& errors) {
  const auto amount = api::Quantity::parse(text);
  if (!amount) return;
  if (amount->is_negative()) {
    errors.invalid(path, amount->to_string(), "must be greater than or equal to 0");
  }
  if (api::is_integer_resource(name) && amount->milli_value() % 1000 != 0) {
    errors.invalid_as(path, api::go_quantity(text), "must be an integer");
  }
}

void validate_quota_amounts(const Json* list, const std::string& path, api::FieldErrors& errors) {
  if (list == nullptr) return;
  for (const auto& [name, value] : list->items()) {
    const std::string own_path = api::key(path, name);
    validate_resource_name(name, own_path, errors);
    if (!has_domain(name) && !api::is_standard_quota_resource(name)) {
      errors.invalid(own_path, name, "must be a standard resource for quota");
    }
    validate_resource_amount(name, value.get<std::string>(), own_path, errors);
  }
}

}  // namespace skiff::server

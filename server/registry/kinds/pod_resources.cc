#include "api/quantity.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

namespace skiff::server {

namespace {

bool is_container_resource(const std::string& name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
}

void validate_amounts(const Json& amounts, const std::string& path, api::FieldErrors& errors) {
  for (const auto& [name, value] : amounts.items()) {
    const std::string own_path = api::key(path, name);
    for (std::string& what : api::schema::format_messages("qualified-name", name)) {
      errors.invalid(own_path, name, std::move(what));
    }
    if (name.find('/') == std::string::npos && !is_container_resource(name)) {
      errors.invalid(own_path, name, "must be a standard resource type or fully qualified");
      errors.invalid(own_path, name, "must be a standard resource for containers");
    }
    const auto amount = api::Quantity::parse(value.get<std::string>());
    if (amount && amount->is_negative()) errors.invalid(own_path, value, "must be greater than or equal to 0");
  }
}

}  // namespace

void validate_resources(const Json& resources, std::string_view path, api::FieldErrors& errors) {
  static const Json none = Json::object();
  const Json* limits = find(resources, {"limits"});
  const Json* requests = find(resources, {"requests"});
  if (limits == nullptr) limits = &none;
  if (requests == nullptr) requests = &none;
  const std::string requests_path = api::child(path, "requests");
  validate_amounts(*limits, api::child(path, "limits"), errors);
  validate_amounts(*requests, requests_path, errors);
  for (const auto& [name, value] : requests->items()) {
    const auto limit_text = limits->find(name);
    if (limit_text == limits->end()) continue;
    const auto request = api::Quantity::parse(value.get<std::string>());
    const auto limit = api::Quantity::parse(limit_text->get<std::string>());
    if (request && limit && *request > *limit) {
      errors.invalid(requests_path, value, "must be less than or equal to " + name + " limit of " + limit->to_string());
    }
  }
}

}  // namespace skiff::server

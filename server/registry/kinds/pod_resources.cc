#include "api/go_syntax.h"
#include "api/quantity.h"
#include "api/resource_names.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/resource_names.h"

namespace skiff::server {

namespace {

// Huge pages come in whole pages: hugepages-2Mi.
bool is_whole_pages(const std::string& name, const api::Quantity& amount) {
  const auto page = api::Quantity::parse(name.substr(api::kHugePages.size()));
  return page && page->value() > 0 && amount.value() % page->value() == 0;
}

void validate_amount(const std::string& name, const std::string& text, const std::string& path,
                     api::FieldErrors& errors) {
  validate_resource_amount(name, text, path, errors);
  const auto amount = api::Quantity::parse(text);
  if (amount && api::is_huge_page_resource(name) && !is_whole_pages(name, *amount)) {
    errors.invalid(path, amount->to_string(), amount->to_string() + " is not positive integer multiple of " + name);
  }
}

const Json& amounts_of(const Json& resources, const char* which) {
  static const Json none = Json::object();
  const Json* amounts = find(resources, {which});
  return amounts == nullptr ? none : *amounts;
}

// What only native resources may have more of than there is, must be asked for as it is limited.
void validate_request(const std::string& name, const std::string& text, const Json& limits, const std::string& path,
                      api::FieldErrors& errors) {
  const bool may_overcommit = api::allows_overcommit(name);
  const auto limit_text = limits.find(name);
  if (limit_text == limits.end()) {
    if (!may_overcommit) {
      errors.required(api::child(path, "limits"), "Limit must be set for non overcommitable resources");
    }
    return;
  }
  const auto request = api::Quantity::parse(text);
  const auto limit = api::Quantity::parse(limit_text->get<std::string>());
  if (!request || !limit) return;
  const std::string requests_path = api::child(path, "requests");
  if (!may_overcommit && *request != *limit) {
    errors.invalid(requests_path, request->to_string(), "must be equal to " + name + " limit of " + limit->to_string());
  } else if (*request > *limit) {
    errors.invalid(requests_path, request->to_string(),
                   "must be less than or equal to " + name + " limit of " + limit->to_string());
  }
}

}  // namespace

void validate_resources(const Json& resources, std::string_view path, api::FieldErrors& errors) {
  const std::string own_path(path);
  const Json& limits = amounts_of(resources, "limits");
  bool has_basics = false, has_huge_pages = false;
  for (const char* which : {"limits", "requests"}) {
    for (const auto& [name, value] : amounts_of(resources, which).items()) {
      const std::string text = value.get<std::string>();
      const std::string amount_path = api::key(api::child(path, which), name);
      validate_container_resource_name(name, amount_path, errors);
      validate_amount(name, text, amount_path, errors);
      if (std::string_view(which) == "requests") validate_request(name, text, limits, own_path, errors);
      has_basics |= name == "cpu" || name == "memory";
      has_huge_pages |= api::is_huge_page_resource(name);
    }
  }
  if (has_huge_pages && !has_basics) errors.forbidden(own_path, "HugePages require cpu or memory");
}

}  // namespace skiff::server

#include "server/registry/kinds/resource_names.h"

#include "api/go_syntax.h"
#include "api/quantity.h"
#include "api/schema/validate.h"

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

// Objects and ports, which are counted.
constexpr std::array<std::string_view, 9> kCounted = {"configmaps",
                                                      "persistentvolumeclaims",
                                                      "pods",
                                                      "replicationcontrollers",
                                                      "resourcequotas",
                                                      "secrets",
                                                      "services",
                                                      "services.nodeports",
                                                      "services.loadbalancers"};

constexpr std::array<std::string_view, 11> kMeasured = {"cpu",          "memory",          "ephemeral-storage",
                                                        "requests.cpu", "requests.memory", "requests.ephemeral-storage",
                                                        "limits.cpu",   "limits.memory",   "limits.ephemeral-storage",
                                                        "storage",      "requests.storage"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool is_native_resource(std::string_view name) {
  return name.find('/') == name.npos || name.find("kubernetes.io/") != name.npos;
}

bool is_huge_page_resource(std::string_view name) { return name.starts_with(kHugePages); }

bool is_extended_resource(std::string_view name) {
  if (is_native_resource(name) || name.starts_with("requests.")) return false;
  return api::schema::check_format("qualified-name", "requests." + std::string(name)).empty();
}

bool is_container_resource(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" || is_huge_page_resource(name);
}

bool is_standard_resource(std::string_view name) {
  return contains(kMeasured, name) || contains(kCounted, name) || is_huge_page_resource(name);
}

void validate_resource_amount(const std::string& name, const std::string& text, const std::string& path,
                              api::FieldErrors& errors) {
  const auto amount = api::Quantity::parse(text);
  if (!amount) return;
  if (amount->is_negative()) {
    errors.invalid(path, amount->to_string(), "must be greater than or equal to 0");
  }
  const bool is_whole = amount->milli_value() % 1000 == 0;
  if (!is_whole && (contains(kCounted, name) || is_extended_resource(name))) {
    errors.invalid_as(path, api::go_quantity(text), "must be an integer");
  }
}

}  // namespace skiff::server

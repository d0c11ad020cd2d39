#pragma once

#include "api/base/json.h"
#include "api/managed_fields/updater.h"
#include "api/schema/schema.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::test {

// A document written as YAML, in flow style where that is shorter.
[[nodiscard]] inline Json yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(parsed->value);
}

[[nodiscard]] inline const api::schema::Catalog& builtin_catalog() {
  static const std::unique_ptr<const api::schema::Catalog> catalog = api::schema::Catalog::builtin();
  return *catalog;
}

[[nodiscard]] inline const api::schema::Struct& type_of(std::string_view group, std::string_view version,
                                                        std::string_view kind) {
  const api::schema::Struct* type = builtin_catalog().find_kind(group, version, kind);
  if (type == nullptr) throw std::runtime_error("no such kind");
  return *type;
}

[[nodiscard]] inline const api::schema::Struct& deployment_type() { return type_of("apps", "v1", "Deployment"); }
[[nodiscard]] inline const api::schema::Struct& pod_type() { return type_of("", "v1", "Pod"); }

// The paths of a set, in the order of messages.
[[nodiscard]] inline std::vector<std::string> paths(const api::managed_fields::FieldSet& set) {
  std::vector<std::string> all;
  set.for_each([&all](const std::string& path) { all.push_back(path); });
  return all;
}

// Deployments in apps/v1 and apps/v1beta2.
class DeploymentVersions final : public api::managed_fields::Versions {
 public:
  [[nodiscard]] const api::schema::Struct* type_of(const std::string& api_version) const override {
    if (api_version == "apps/v1") return &test::type_of("apps", "v1", "Deployment");
    if (api_version == "apps/v1beta2") return &test::type_of("apps", "v1beta2", "Deployment");
    return nullptr;
  }
  [[nodiscard]] bool same_shape(const std::string&, const std::string&) const override { return true; }
  [[nodiscard]] Json convert(const Json& object, const std::string&, const std::string& to) const override {
    Json converted = object;
    converted["apiVersion"] = to;
    return converted;
  }
};

// A pod with that specification.
inline Json pod_with(std::string_view spec) { return Json{{"spec", yaml(spec)}}; }

}  // namespace skiff::test

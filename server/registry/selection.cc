#include "server/registry/selection.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::string_view kFieldPrefix = "f:";
constexpr std::string_view kLabelPrefix = "l:";

}  // namespace

std::string field_attribute(std::string_view field) { return std::string(kFieldPrefix).append(field); }

store::Attributes attributes_of(const Kind& kind, const Json& object) {
  std::vector<store::Attribute> attributes;
  auto add = [&attributes](std::string_view prefix, std::string_view name, std::string value) {
    attributes.emplace_back(std::string(prefix).append(name), std::move(value));
  };
  auto add_field = [&add](std::string_view name, std::string value) {
    if (!value.empty()) add(kFieldPrefix, name, std::move(value));
  };
  add_field("metadata.name", string_at(object, {"metadata", "name"}));
  add_field("metadata.namespace", string_at(object, {"metadata", "namespace"}));
  for (const SelectableField& field : kind.strategy->selectable_fields()) add_field(field.name, field.value(object));
  if (const Json* labels = find(object, {"metadata", "labels"}); labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) add(kLabelPrefix, name, value.get<std::string>());
  }
  return store::Attributes(attributes);
}

Selection::Selection(api::LabelSelector labels, api::FieldSelector fields)
    : labels_(std::move(labels)), fields_(std::move(fields)) {}

bool Selection::matches(const store::Record& record) const {
  for (const api::FieldSelector::Requirement& requirement : fields_.requirements()) {
    const auto value = record.attributes.find(kFieldPrefix, requirement.field);
    if ((value.value_or("") == requirement.value) != requirement.equal) return false;
  }
  if (labels_.empty()) return true;
  return labels_.matches([&record](std::string_view label) { return record.attributes.find(kLabelPrefix, label); });
}

std::optional<std::string_view> Selection::only_value(std::string_view field) const {
  for (const api::FieldSelector::Requirement& requirement : fields_.requirements()) {
    if (requirement.field == field && requirement.equal) return requirement.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Selection::only_name() const { return only_value("metadata.name"); }

std::optional<store::Attribute> Selection::only_attribute(std::string_view field) const {
  const std::optional<std::string_view> value = only_value(field);
  // Records have no attributes for empty fields.
  if (!value || value->empty()) return std::nullopt;
  return store::Attribute(field_attribute(field), *value);
}

api::Result<void> Selection::check_fields(const Kind& kind) const {
  const std::vector<SelectableField>& offered = kind.strategy->selectable_fields();
  for (const api::FieldSelector::Requirement& requirement : fields_.requirements()) {
    const std::string& field = requirement.field;
    if (field == "metadata.name") continue;
    // Plain kinds take it also when they have no namespace: then it is empty.
    if (field == "metadata.namespace" && (kind.namespaced || offered.empty())) continue;
    auto is_it = [&field](const SelectableField& candidate) { return candidate.name == field; };
    if (std::any_of(offered.begin(), offered.end(), is_it)) continue;
    // The kinds that have fields of their own and the plain ones word it differently upstream.
    if (offered.empty()) {
      return api::bad_request("\"" + field +
                              "\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    }
    return api::bad_request("field label not supported: " + field);
  }
  return {};
}

}  // namespace skiff::server

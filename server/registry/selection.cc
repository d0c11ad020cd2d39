#include "server/registry/selection.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::string_view kFieldPrefix = "f:";
constexpr std::string_view kLabelPrefix = "l:";

// The value of the attribute named prefix + name, or null; without making that name.
const std::string* attribute_of(const store::Attributes& attributes, std::string_view prefix, std::string_view name) {
  auto before = [prefix, name](const auto& attribute) {
    const std::string_view text = attribute.first;
    const int order = text.substr(0, prefix.size()).compare(prefix);
    return order < 0 || (order == 0 && text.substr(prefix.size()) < name);
  };
  const auto found = std::partition_point(attributes.begin(), attributes.end(), before);
  if (found == attributes.end() || found->first.size() != prefix.size() + name.size()) return nullptr;
  if (!found->first.starts_with(prefix) || !found->first.ends_with(name)) return nullptr;
  return &found->second;
}

}  // namespace

std::string field_attribute(std::string_view field) { return std::string(kFieldPrefix).append(field); }

store::Attributes attributes_of(const Kind& kind, const Json& object) {
  store::Attributes attributes;
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
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

Selection::Selection(api::LabelSelector labels, api::FieldSelector fields)
    : labels_(std::move(labels)), fields_(std::move(fields)) {}

bool Selection::matches(const store::Record& record) const {
  for (const api::FieldSelector::Requirement& requirement : fields_.requirements()) {
    const std::string* value = attribute_of(record.attributes, kFieldPrefix, requirement.field);
    const std::string_view actual = value == nullptr ? std::string_view() : std::string_view(*value);
    if ((actual == requirement.value) != requirement.equal) return false;
  }
  if (labels_.empty()) return true;
  return labels_.matches(
      [&record](std::string_view label) { return attribute_of(record.attributes, kLabelPrefix, label); });
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

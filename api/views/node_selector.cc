#include "api/views/node_selector.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace skiff::api {

namespace {

std::optional<std::int64_t> parse_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool compares(const std::string& actual, const NodeRequirement& requirement) {
  if (requirement.values.size() != 1) return false;
  const auto left = parse_integer(actual);
  const auto right = parse_integer(requirement.values.front());
  if (!left || !right) return false;
  return requirement.operator_ == "Gt" ? *left > *right : *left < *right;
}

void add_requirements(NodeTerm& term, const Json* list, bool on_field) {
  if (list == nullptr || !list->is_array()) return;
  for (const Json& item : *list) {
    NodeRequirement requirement{string_at(item, {"key"}), string_at(item, {"operator"}), {}, on_field};
    const Json* values = find(item, {"values"});
    for (const Json& value : values != nullptr && values->is_array() ? *values : Json::array()) {
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
    }
    term.requirements.push_back(std::move(requirement));
  }
}

NodeTerm parse_term(const Json& object) {
  NodeTerm term;
  add_requirements(term, find(object, {"matchExpressions"}), false);
  add_requirements(term, find(object, {"matchFields"}), true);
  return term;
}

}  // namespace

bool NodeRequirement::matches(const NodeLabels& node) const {
  std::optional<std::string> actual;
  if (on_field) {
    if (key == "metadata.name") actual = node.name;
  } else if (const auto label = node.labels.find(key); label != node.labels.end() && label->is_string()) {
    actual = label->get<std::string>();
  }
  const bool among = actual && std::find(values.begin(), values.end(), *actual) != values.end();
  if (operator_ == "In") return among;
  if (operator_ == "NotIn") return !among;
  if (operator_ == "Exists") return actual.has_value();
  if (operator_ == "DoesNotExist") return !actual.has_value();
  return actual && compares(*actual, *this);
}

bool NodeTerm::matches(const NodeLabels& node) const {
  return !requirements.empty() &&
         std::all_of(requirements.begin(), requirements.end(),
                     [&](const NodeRequirement& requirement) { return requirement.matches(node); });
}

RequiredNodes RequiredNodes::of_pod(const Json& pod) {
  RequiredNodes required;
  if (const Json* labels = find(pod, {"spec", "nodeSelector"}); labels && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) {
      required.labels.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
    }
  }
  const Json* selector =
      find(pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
  if (selector == nullptr) return required;
  RequiredNodes selected = of_node_selector(*selector);
  selected.labels = std::move(required.labels);
  return selected;
}

RequiredNodes RequiredNodes::of_node_selector(const Json& selector) {
  RequiredNodes required;
  const Json* terms = find(selector, {"nodeSelectorTerms"});
  if (terms != nullptr && terms->is_array()) {
    required.has_terms = true;
    for (const Json& term : *terms) required.terms.push_back(parse_term(term));
  }
  return required;
}

const std::string* RequiredNodes::only_name() const {
  const std::string* name = nullptr;
  for (const NodeTerm& term : terms) {
    const auto naming =
        std::find_if(term.requirements.begin(), term.requirements.end(), [](const NodeRequirement& requirement) {
          return requirement.on_field && requirement.key == "metadata.name" && requirement.operator_ == "In" &&
                 requirement.values.size() == 1;
        });
    if (naming == term.requirements.end()) return nullptr;
    if (name != nullptr && *name != naming->values.front()) return nullptr;
    name = &naming->values.front();
  }
  return name;
}

bool RequiredNodes::matches(const NodeLabels& node) const {
  for (const auto& [name, value] : labels) {
    const auto label = node.labels.find(name);
    if (label == node.labels.end() || *label != value) return false;
  }
  return !has_terms ||
         std::any_of(terms.begin(), terms.end(), [&](const NodeTerm& term) { return term.matches(node); });
}

std::vector<PreferredNodes> preferred_nodes_of_pod(const Json& pod) {
  std::vector<PreferredNodes> preferred;
  const Json* list = find(pod, {"spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"});
  if (list == nullptr || !list->is_array()) return preferred;
  for (const Json& item : *list) {
    if (const Json* term = find(item, {"preference"})) {
      preferred.push_back(PreferredNodes{integer_at(item, {"weight"}), parse_term(*term)});
    }
  }
  return preferred;
}

}  // namespace skiff::api

#include "api/managed_fields/field_set.h"

#include "api/base/json_text.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace skiff::api::managed_fields {
namespace {

bool has_children(const Json& node) { return node.size() > (node.contains(kSelf) ? 1U : 0U); }

// Gives a node its canonical form after its children have changed. False: nothing is left of it.
bool settle(Json& node, bool member) {
  if (!has_children(node)) {
    node = Json::object();
    return member;
  }
  if (member) {
    node[kSelf] = Json::object();
  } else {
    node.erase(kSelf);
  }
  return true;
}

bool add_node(Json& node, const Json& other);

// Whether something came in.
bool add_children(Json& node, const Json& other) {
  bool changed = false;
  for (const auto& [element, child] : other.items()) {
    if (element == kSelf) continue;
    const auto found = node.find(element);
    if (found == node.end()) {
      node[element] = child;
      changed = true;
    } else {
      changed |= add_node(*found, child);
    }
  }
  return changed;
}

bool add_node(Json& node, const Json& other) {
  const bool was_member = is_member(node);
  const bool member = was_member || is_member(other);
  const bool changed = add_children(node, other) || member != was_member;
  if (changed) settle(node, member);
  return changed;
}

enum class Depth { kOnlyMembers, kAllBelow };

struct Subtraction {
  bool changed = false;
  bool is_empty = false;  // nothing of the node is left
};

Subtraction subtract_node(Json& node, const Json& other, Depth depth);

// Whether something went.
bool subtract_children(Json& node, const Json& other, Depth depth) {
  bool changed = false;
  for (const auto& [element, child] : other.items()) {
    const auto found = element == kSelf ? node.end() : node.find(element);
    if (found == node.end()) continue;
    const Subtraction below = subtract_node(*found, child, depth);
    if (below.is_empty) node.erase(found);
    changed |= below.changed;
  }
  return changed;
}

Subtraction subtract_node(Json& node, const Json& other, Depth depth) {
  if (depth == Depth::kAllBelow && is_member(other)) return {true, true};
  const bool was_member = is_member(node);
  const bool member = was_member && !is_member(other);
  const bool changed = subtract_children(node, other, depth) || member != was_member;
  return {changed, changed && !settle(node, member)};
}

// Null when the two have nothing in common.
Json intersect_nodes(const Json& a, const Json& b, bool member) {
  Json common = Json::object();
  const Json& smaller = a.size() <= b.size() ? a : b;
  const Json& larger = a.size() <= b.size() ? b : a;
  for (const auto& [element, child] : smaller.items()) {
    const auto other = larger.find(element);
    if (element == kSelf || other == larger.end()) continue;
    Json below = intersect_nodes(child, *other, is_member(child) && is_member(*other));
    if (!below.is_null()) common[element] = std::move(below);
  }
  return settle(common, member) ? common : Json();
}

// Null when `node` is malformed.
Json normalized(const Json& node) {
  if (!node.is_object()) return nullptr;
  Json result = Json::object();
  for (const auto& [element, child] : node.items()) {
    if (element == kSelf) continue;
    const auto name = normalized_element(element);
    Json below = normalized(child);
    if (!name || below.is_null()) return nullptr;
    result[*name] = std::move(below);
  }
  settle(result, is_member(node));
  return result;
}

void visit_below(const Json& node, const std::string& path, const std::function<void(const std::string&)>& visit) {
  std::vector<std::pair<std::string_view, const Json*>> children;
  for (const auto& [element, child] : node.items()) {
    if (element != kSelf) children.emplace_back(element, &child);
  }
  std::sort(children.begin(), children.end(),
            [](const auto& a, const auto& b) { return element_before(a.first, b.first); });
  for (const auto& [element, child] : children) {
    if (is_member(*child)) visit(path + element_text(element));
  }
  for (const auto& [element, child] : children) visit_below(*child, path + element_text(element), visit);
}

}  // namespace

bool is_member(const Json& node) { return node.empty() || node.contains(kSelf); }

FieldSet::FieldSet(std::initializer_list<std::initializer_list<std::string_view>> paths) {
  for (const auto& path : paths) {
    Json branch = Json::object();
    for (auto name = std::rbegin(path); name != std::rend(path); ++name) {
      Json above = Json::object();
      above[field_element(*name)] = std::move(branch);
      branch = std::move(above);
    }
    add_children(tree_, branch);
  }
}

FieldSet FieldSet::from_tree(Json tree) {
  FieldSet set;
  if (tree.is_object()) set.tree_ = std::move(tree);
  set.tree_.erase(kSelf);
  return set;
}

FieldSet FieldSet::from_text(std::string text) {
  FieldSet set;
  set.text_ = std::move(text);
  return set;
}

std::optional<FieldSet> FieldSet::parse(const Json& fields_v1) {
  Json tree = normalized(fields_v1);
  if (tree.is_null()) return std::nullopt;
  return from_tree(std::move(tree));
}

const Json& FieldSet::tree() const {
  if (text_.empty()) return tree_;
  if (auto parsed = parse_json(text_); parsed && parsed->value.is_object()) tree_ = std::move(parsed->value);
  tree_.erase(kSelf);
  text_.clear();
  return tree_;
}

Json& FieldSet::tree_for_writing() {
  (void)tree();
  return tree_;
}

std::string FieldSet::to_text() const { return text_.empty() ? to_json_text(tree_) : text_; }

bool FieldSet::empty() const { return text_.empty() ? tree_.empty() : text_ == "{}"; }

bool FieldSet::operator==(const FieldSet& other) const {
  return (!text_.empty() && text_ == other.text_) || tree() == other.tree();
}

bool FieldSet::is_apart_from(const FieldSet& other) const {
  if (other.empty()) return true;
  if (text_.empty()) return false;
  for (JsonTextWalker elements(text_); elements.next();) {
    // Fields of an object have no escapes; whatever has is left to those who read properly.
    const bool is_plain = elements.name().find('\\') == std::string_view::npos;
    if (!is_plain || other.tree().contains(elements.name())) return false;
  }
  return true;
}

bool FieldSet::contains(std::initializer_list<std::string_view> fields) const {
  const Json* const root = &tree();
  const Json* node = root;
  for (const std::string_view name : fields) {
    const auto found = node->find(field_element(name));
    if (found == node->end()) return false;
    node = &*found;
  }
  return node != root && is_member(*node);
}

bool FieldSet::add(const FieldSet& other) { return !other.empty() && add_children(tree_for_writing(), other.tree()); }

bool FieldSet::add(FieldSet&& other) {
  if (!empty()) return add(std::as_const(other));
  *this = std::move(other);
  return !empty();
}

bool FieldSet::subtract(const FieldSet& other) {
  return !is_apart_from(other) && subtract_children(tree_for_writing(), other.tree(), Depth::kOnlyMembers);
}

void FieldSet::subtract_below(const FieldSet& other) {
  if (!is_apart_from(other)) subtract_children(tree_for_writing(), other.tree(), Depth::kAllBelow);
}

FieldSet FieldSet::intersection(const FieldSet& other) const {
  if (is_apart_from(other)) return {};
  return from_tree(intersect_nodes(tree(), other.tree(), false));
}

void FieldSet::for_each(const std::function<void(const std::string& path)>& visit) const {
  visit_below(tree(), "", visit);
}

}  // namespace skiff::api::managed_fields

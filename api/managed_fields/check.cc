#include "api/managed_fields/merge.h"
#include "api/managed_fields/slot.h"
#include "api/schema/go_text.h"

#include <set>

namespace skiff::api::managed_fields {
namespace {

using schema::TypeKind;

// %T of a value out of JSON.
std::string go_type(const Json& value) {
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_array()) return "[]interface {}";
  if (value.is_object()) return "map[string]interface {}";
  return value.is_number_float() ? "float64" : "int64";
}

// %#v of a value out of JSON, for scalars, and %v for what contains others.
std::string go_value(const Json& value) {
  return value.is_structured() ? schema::internal::go_text(value) : to_json_text(value);
}

// Nobody reads more, and a hostile configuration has one in each of its items.
constexpr std::size_t kMaxFindings = 100;

// Walks a configuration in step with its type.
class Checker {
 public:
  std::vector<std::string> findings;

  void value(const Slot& slot, const Json& value) {
    if (value.is_null()) return;
    if (slot.structure != nullptr) return structure(slot, value);
    switch (slot.type->kind) {
      case TypeKind::kMap:
        return map(slot, value);
      case TypeKind::kList:
        return list(slot, value);
      case TypeKind::kInt32:
      case TypeKind::kInt64:
      case TypeKind::kDouble:
        if (!value.is_number()) report("expected numeric (int or float), got " + go_type(value));
        return;
      case TypeKind::kString:
      case TypeKind::kBytes:
      case TypeKind::kDuration:
        if (!value.is_string()) {
          report("expected string, got &value.valueUnstructured{Value:" + go_value(value) + "}");
        }
        return;
      case TypeKind::kBool:
        if (!value.is_boolean()) report("expected boolean, got &{" + schema::internal::go_text(value) + "}");
        return;
      default:
        return;  // decoding knows more about these
    }
  }

 private:
  void report(const std::string& what) {
    if (findings.size() < kMaxFindings) findings.push_back(path_.empty() ? what : path_ + ": " + what);
  }

  // Runs `check` with the path one step longer.
  template <class Check>
  void below(std::string_view element, const Check& check) {
    const std::size_t length = path_.size();
    path_ += element_text(element);
    check();
    path_.resize(length);
  }

  void structure(const Slot& slot, const Json& value) {
    if (!value.is_object()) return report("expected map, got &{" + schema::internal::go_text(value) + "}");
    for (const auto& [name, member] : value.items()) {
      const schema::Field* field = slot.structure->find(name);
      if (field == nullptr) {
        below(field_element(name), [this] { report("field not declared in schema"); });
        return;
      }
      below(field_element(name), [&, &member = member] { this->value(Slot::of(*field), member); });
    }
  }

  void map(const Slot& slot, const Json& value) {
    if (!value.is_object()) return report("expected map, got &{" + schema::internal::go_text(value) + "}");
    for (const auto& [name, member] : value.items()) {
      below(field_element(name), [&, &member = member] { this->value(slot.element(), member); });
    }
  }

  void list(const Slot& slot, const Json& value) {
    if (!value.is_array()) return report("expected list, got &{" + schema::internal::go_text(value) + "}");
    const Shape shape = shape_of(slot);
    std::set<std::string> names;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string element = "i:" + std::to_string(i);
      if (shape != Shape::kLeaf) {
        ItemName name = item_name(slot, shape, value[i]);
        if (!name.error.empty()) return report("element " + std::to_string(i) + ": " + name.error);
        element = std::move(name.element);
        if (!names.insert(element).second) report("duplicate entries for key " + element_text(element));
      }
      below(element, [&] { this->value(slot.element(), value[i]); });
    }
  }

  std::string path_;
};

}  // namespace

std::vector<std::string> check_configuration(const schema::Struct& type, const Json& configuration) {
  Checker checker;
  checker.value(Slot::of(type), configuration);
  return std::move(checker.findings);
}

}  // namespace skiff::api::managed_fields

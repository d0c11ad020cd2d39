#include "api/schema/go_text.h"

#include <algorithm>
#include <vector>

namespace skiff::api::schema::internal {
namespace {

const Json kAbsent;

// "MatchLabels" of "matchLabels".
std::string go_field_name(std::string name) {
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

std::string struct_syntax(const Struct& structure, const Json& value) {
  std::vector<const Field*> fields;
  for (const Field& field : structure.fields) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(), [](const Field* a, const Field* b) { return a->position < b->position; });
  std::string text = go_name(structure) + "{";
  for (const Field* field : fields) {
    if (field != fields.front()) text += ", ";
    const Json* member = find(value, {field->name});
    text += go_field_name(field->name) + ":" + go_syntax(field->type, member == nullptr ? kAbsent : *member);
  }
  return text + "}";
}

std::string container_syntax(const Type& type, const Json& value) {
  if (!value.is_structured()) return go_name(type) + "(nil)";
  std::string text = go_name(type) + "{";
  bool first = true;
  for (const auto& [name, element] : value.items()) {
    if (!first) text += ", ";
    first = false;
    if (type.kind == TypeKind::kMap) text += to_json_text(name) + ":";
    text += go_syntax(*type.element, element);
  }
  return text + "}";
}

}  // namespace

std::string go_name_of_value(const Json& value) {
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  return "number";
}

std::string go_name(const Struct& structure) {
  const std::size_t name = structure.full_name.rfind('.');
  const std::size_t package = name == std::string::npos ? name : structure.full_name.rfind('.', name - 1);
  return package == std::string::npos ? structure.full_name : structure.full_name.substr(package + 1);
}

std::string go_name(const Type& type) {
  switch (type.kind) {
    case TypeKind::kString:
      return "string";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kInt32:
      return "int32";
    case TypeKind::kInt64:
      return "int64";
    case TypeKind::kDouble:
      return "float64";
    case TypeKind::kBytes:
      return "[]uint8";
    case TypeKind::kTime:
      return "v1.Time";
    case TypeKind::kMicroTime:
      return "v1.MicroTime";
    case TypeKind::kDuration:
      return "v1.Duration";
    case TypeKind::kQuantity:
      return "resource.Quantity";
    case TypeKind::kIntOrString:
      return "intstr.IntOrString";
    case TypeKind::kAny:
      return "interface {}";
    case TypeKind::kObject:
      return "map[string]interface {}";
    case TypeKind::kList:
      return "[]" + go_name(*type.element);
    case TypeKind::kMap:
      // The one map of quantities has a name of its own upstream.
      if (type.element->kind == TypeKind::kQuantity) return "v1.ResourceList";
      return "map[string]" + go_name(*type.element);
    case TypeKind::kStruct:
      return go_name(*type.structure);
  }
  return "";
}

std::string go_syntax(const Type& type, const Json& value) {
  switch (type.kind) {
    case TypeKind::kStruct:
      return struct_syntax(*type.structure, value);
    case TypeKind::kList:
    case TypeKind::kMap:
      return container_syntax(type, value);
    case TypeKind::kString:
      return value.is_null() ? "\"\"" : to_json_text(value);
    case TypeKind::kBool:
      return value.is_null() ? "false" : to_json_text(value);
    case TypeKind::kInt32:
    case TypeKind::kInt64:
      return value.is_null() ? "0" : to_json_text(value);
    default:
      return to_json_text(value);
  }
}

std::string go_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<nil>";
  if (!value.is_structured()) return value.dump();
  std::string text = value.is_object() ? "map[" : "[";
  bool first = true;
  for (const auto& [name, element] : value.items()) {
    text.append(first ? "" : " ").append(value.is_object() ? name + ":" : "").append(go_text(element));
    first = false;
  }
  return text + "]";
}

}  // namespace skiff::api::schema::internal

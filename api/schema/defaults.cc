#include "api/schema/decode.h"

namespace skiff::api::schema {
namespace {

void default_value(const Type& type, Json& value) {
  switch (type.kind) {
    case TypeKind::kStruct:
      apply_defaults(*type.structure, value);
      return;
    case TypeKind::kList:
    case TypeKind::kMap:
      if (type.element->kind != TypeKind::kStruct && type.element->element == nullptr) return;
      for (Json& element : value) default_value(*type.element, element);
      return;
    default:
      return;
  }
}

}  // namespace

void apply_defaults(const Struct& type, Json& object) {
  if (!object.is_object()) return;
  for (const Field& field : type.fields) {
    auto member = object.find(field.name);
    if (member == object.end()) {
      if (!field.default_value) continue;
      member = object.emplace(field.name, *field.default_value).first;
    }
    default_value(field.type, member.value());
  }
}

}  // namespace skiff::api::schema

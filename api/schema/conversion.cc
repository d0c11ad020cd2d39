#include "api/schema/conversion.h"

#include "api/schema/go_text.h"
#include "api/schema/scalars.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace skiff::api::schema {
namespace {

using Problem = std::optional<std::string>;

Problem problem_of(const Type& type, const Json& value);

// How Go names the kind of a value that has been read into an interface{}.
std::string go_kind(const Json& value) {
  if (value.is_object()) return "map";
  if (value.is_array()) return "slice";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  return value.is_number_float() ? "float64" : "int64";
}

Problem unrecognized(const Type& type) { return "unrecognized type: " + internal::go_name(type); }

Problem unconvertible(const Type& type, const Json& value) {
  return "cannot convert " + go_kind(value) + " to " + internal::go_name(type);
}

Problem scalar_problem(const Type& type, const Json& value) {
  switch (type.kind) {
    case TypeKind::kString:
      if (value.is_string()) return std::nullopt;
      // Go would make a letter of the number, and so thinks of the two as convertible.
      return value.is_number_integer() ? unconvertible(type, value) : unrecognized(type);
    case TypeKind::kBool:
      return value.is_boolean() ? Problem() : unrecognized(type);
    case TypeKind::kInt32:
    case TypeKind::kInt64:
      if (!value.is_number()) return unrecognized(type);
      if (value.is_number_float() && std::trunc(value.get<double>()) != value.get<double>()) {
        return unconvertible(type, value);
      }
      return std::nullopt;
    case TypeKind::kDouble:
      return value.is_number() ? Problem() : unrecognized(type);
    default:
      return std::nullopt;
  }
}

Problem bytes_problem(Json value) {
  if (!value.is_string()) return "cannot restore slice from " + go_kind(value);
  std::string why = internal::decode_scalar(TypeKind::kBytes, value);
  return why.empty() ? Problem() : "error decoding from json: " + why;
}

Problem struct_problem(const Struct& structure, const Json& object) {
  if (!object.is_object()) return "cannot restore struct from: " + go_kind(object);
  std::vector<const Field*> fields;
  for (const Field& field : structure.fields) {
    if (object.contains(field.name)) fields.push_back(&field);
  }
  std::sort(fields.begin(), fields.end(), [](const Field* a, const Field* b) { return a->position < b->position; });
  for (const Field* field : fields) {
    if (Problem problem = problem_of(field->type, object[field->name])) return problem;
  }
  return std::nullopt;
}

Problem elements_problem(const Type& element, const Json& value) {
  for (const Json& each : value) {
    if (Problem problem = problem_of(element, each)) return problem;
  }
  return std::nullopt;
}

Problem problem_of(const Type& type, const Json& value) {
  if (value.is_null()) return std::nullopt;
  switch (type.kind) {
    case TypeKind::kBytes:
      return bytes_problem(value);
    case TypeKind::kList:
      if (!value.is_array()) return "cannot restore slice from " + go_kind(value);
      return elements_problem(*type.element, value);
    case TypeKind::kMap:
      if (!value.is_object()) return "cannot restore map from " + go_kind(value);
      return elements_problem(*type.element, value);
    case TypeKind::kStruct:
      return struct_problem(*type.structure, value);
    default:
      return scalar_problem(type, value);
  }
}

}  // namespace

std::optional<std::string> conversion_problem(const Struct& type, const Json& document) {
  return struct_problem(type, document);
}

}  // namespace skiff::api::schema

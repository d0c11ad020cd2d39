#include "api/openapi/definitions.h"

#include "api/base/check.h"

#include <algorithm>
#include <array>
#include <utility>

namespace skiff::api::openapi {
namespace {

using schema::Field;
using schema::ListType;
using schema::Struct;
using schema::Type;
using schema::TypeKind;

constexpr std::string_view kListMetaType = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
constexpr std::string_view kPatchType = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

// Types that are built into the schema language, but have a definition of their own in OpenAPI, as upstream.
struct NamedScalar {
  TypeKind kind;
  std::string_view full_name;
  std::string_view description;
  std::string_view format;
  // In v3 a value may also be of these JSON types; v2 cannot say so and shows a string.
  std::string_view alternative;
};
constexpr std::array kNamedScalars{
    NamedScalar{TypeKind::kTime, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", "A point in time, RFC 3339, in seconds.",
                "date-time", ""},
    NamedScalar{TypeKind::kMicroTime, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
                "A point in time, RFC 3339, in microseconds.", "date-time", ""},
    NamedScalar{TypeKind::kDuration, "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
                "A length of time, such as 1m30s.", "", ""},
    NamedScalar{TypeKind::kQuantity, "io.k8s.apimachinery.pkg.api.resource.Quantity",
                "A number with an optional unit: n, u, m, k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or an exponent.",
                "", "number"},
    NamedScalar{TypeKind::kIntOrString, "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
                "An integer, or a string such as a name or a percentage.", "int-or-string", "integer"},
};

const NamedScalar* named_scalar(TypeKind kind) {
  const auto* found = std::ranges::find(kNamedScalars, kind, &NamedScalar::kind);
  return found == kNamedScalars.end() ? nullptr : found;
}

const NamedScalar* named_scalar(std::string_view full_name) {
  const auto* found = std::ranges::find(kNamedScalars, full_name, &NamedScalar::full_name);
  return found == kNamedScalars.end() ? nullptr : found;
}

Json scalar(std::string_view type, std::string_view format = "") {
  Json schema{{"type", type}};
  if (!format.empty()) schema["format"] = format;
  return schema;
}

Json scalar_definition(const NamedScalar& named, Dialect dialect) {
  Json schema{{"description", named.description}};
  if (!named.format.empty()) schema["format"] = named.format;
  if (dialect == Dialect::kV3 && !named.alternative.empty()) {
    schema["oneOf"] = Json::array({scalar(named.alternative), scalar("string")});
  } else {
    schema["type"] = "string";
  }
  return schema;
}

// How server-side apply and strategic merge patch treat the field.
void add_merge_extensions(const Field& field, Json& schema) {
  if (field.type.kind == TypeKind::kList) {
    constexpr std::array<std::string_view, 3> kListTypes{"atomic", "set", "map"};
    schema["x-kubernetes-list-type"] = kListTypes.at(static_cast<std::size_t>(field.list_type));
    if (field.list_type == ListType::kMap) schema["x-kubernetes-list-map-keys"] = field.list_map_keys;
  } else if (field.atomic) {
    schema["x-kubernetes-map-type"] = "atomic";
  }
  if (field.patch_merge || field.patch_retain_keys) {
    std::string strategy = field.patch_merge ? "merge" : "retainKeys";
    if (field.patch_merge && field.patch_retain_keys) strategy += ",retainKeys";
    schema["x-kubernetes-patch-strategy"] = strategy;
  } else if (field.patch_replace) {
    schema["x-kubernetes-patch-strategy"] = "replace";
  }
  if (!field.patch_merge_key.empty()) schema["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
}

}  // namespace

Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return Json{{"group", group}, {"version", version}, {"kind", kind}};
}

Json Definitions::reference(std::string_view full_name) {
  if (known_.emplace(full_name).second) pending_.emplace_back(full_name);
  const std::string_view where = dialect_ == Dialect::kV2 ? "#/definitions/" : "#/components/schemas/";
  return Json{{"$ref", std::string(where).append(full_name)}};
}

Json Definitions::reference(const Struct& type) { return reference(type.full_name); }

Json Definitions::list_reference(const Struct& kind) {
  const std::string name = kind.full_name + "List";
  list_items_.emplace(name, &kind);
  return reference(name);
}

Json Definitions::patch_reference() { return reference(kPatchType); }

Json Definitions::take() {
  Json definitions = Json::object();
  while (!pending_.empty()) {
    const std::string name = std::move(pending_.back());
    pending_.pop_back();
    definitions[name] = definition(name);
  }
  return definitions;
}

Json Definitions::definition(const std::string& full_name) {
  if (const NamedScalar* named = named_scalar(full_name)) return scalar_definition(*named, dialect_);
  if (full_name == kPatchType) {
    return Json{{"description", "The body of a patch; what it may hold depends on its content type."},
                {"type", "object"}};
  }
  if (const auto list = list_items_.find(full_name); list != list_items_.end()) return list_definition(*list->second);
  const Struct* type = catalog_.find(full_name);
  CHECK_INVARIANT(type != nullptr);
  return struct_definition(*type);
}

Json Definitions::struct_definition(const Struct& type) {
  Json schema{{"description", type.description}, {"type", "object"}};
  Json required = Json::array();
  for (const Field& field : type.fields) {
    schema["properties"][field.name] = property(field);
    if (field.required || field.always_present) required.push_back(field.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  if (type.atomic) schema["x-kubernetes-map-type"] = "atomic";
  if (type.is_kind()) {
    schema["x-kubernetes-group-version-kind"] = Json::array({group_version_kind(type.group, type.version, type.name)});
  }
  return schema;
}

Json Definitions::list_definition(const Struct& kind) {
  Json properties;
  for (const char* name : {"apiVersion", "kind"}) {
    if (const Field* field = kind.find(name)) properties[name] = property(*field);
  }
  properties["metadata"] = reference(kListMetaType);
  properties["items"] = Json{{"type", "array"}, {"items", reference(kind)}, {"description", "The objects."}};
  return Json{{"description", "A list of " + kind.name + " objects."},
              {"type", "object"},
              {"properties", std::move(properties)},
              {"required", Json::array({"items"})},
              {"x-kubernetes-group-version-kind",
               Json::array({group_version_kind(kind.group, kind.version, kind.name + "List")})}};
}

Json Definitions::property(const Field& field) {
  Json schema = type_schema(field.type);
  // v2 is published without defaults, as upstream does; and a default of null says nothing.
  const bool show_default = dialect_ == Dialect::kV3 && field.default_value && !field.default_value->is_null();
  if (dialect_ == Dialect::kV3 && schema.contains("$ref")) {
    Json wrapped;
    wrapped["allOf"] = Json::array({std::move(schema)});
    schema = std::move(wrapped);
  }
  schema["description"] = field.description;
  if (show_default) schema["default"] = *field.default_value;
  if (!field.enum_values.empty()) schema["enum"] = field.enum_values;
  add_merge_extensions(field, schema);
  return schema;
}

Json Definitions::type_schema(const Type& type) {
  if (const NamedScalar* named = named_scalar(type.kind)) return reference(named->full_name);
  switch (type.kind) {
    case TypeKind::kString:
      return scalar("string");
    case TypeKind::kBool:
      return scalar("boolean");
    case TypeKind::kInt32:
      return scalar("integer", "int32");
    case TypeKind::kInt64:
      return scalar("integer", "int64");
    case TypeKind::kDouble:
      return scalar("number", "double");
    case TypeKind::kBytes:
      return scalar("string", "byte");
    case TypeKind::kList:
      return Json{{"type", "array"}, {"items", type_schema(*type.element)}};
    case TypeKind::kMap:
      return Json{{"type", "object"}, {"additionalProperties", type_schema(*type.element)}};
    case TypeKind::kStruct:
      return reference(*type.structure);
    case TypeKind::kObject:
      return scalar("object");
    default:
      return Json::object();
  }
}

}  // namespace skiff::api::openapi

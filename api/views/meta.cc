#include "api/views/meta.h"

#include <algorithm>

namespace skiff::api {
namespace {

const Json kEmptyObject = Json::object();
const Json kEmptyArray = Json::array();

const Json& object_at(const Json& object, std::string_view member) {
  const Json* found = find(object, {"metadata", member});
  return found != nullptr && found->is_object() ? *found : kEmptyObject;
}

const Json& array_at(const Json& object, std::string_view member) {
  const Json* found = find(object, {"metadata", member});
  return found != nullptr && found->is_array() ? *found : kEmptyArray;
}

const std::string* text_in(const Json& map, std::string_view name) {
  const Json* value = find(map, {name});
  return value == nullptr ? nullptr : value->get_ptr<const std::string*>();
}

std::optional<TimePoint> time_at(const Json& object, std::string_view member) {
  const Json* value = find(object, {"metadata", member});
  return value != nullptr && value->is_string() ? parse_time(value->get_ref<const std::string&>()) : std::nullopt;
}

}  // namespace

std::string name_of(const Json& object) { return string_at(object, {"metadata", "name"}); }

std::string namespace_of(const Json& object) { return string_at(object, {"metadata", "namespace"}); }

NamespacedName key_of(const Json& object) { return {namespace_of(object), name_of(object)}; }

std::string uid_of(const Json& object) { return string_at(object, {"metadata", "uid"}); }

std::string resource_version_of(const Json& object) { return string_at(object, {"metadata", "resourceVersion"}); }

std::int64_t generation_of(const Json& object) { return integer_at(object, {"metadata", "generation"}); }

std::optional<TimePoint> creation_time_of(const Json& object) { return time_at(object, "creationTimestamp"); }

const Json& labels_of(const Json& object) { return object_at(object, "labels"); }

const Json& annotations_of(const Json& object) { return object_at(object, "annotations"); }

const std::string* label_of(const Json& object, std::string_view name) { return text_in(labels_of(object), name); }

const std::string* annotation_of(const Json& object, std::string_view name) {
  return text_in(annotations_of(object), name);
}

AttributeList label_attributes(const Json& object) {
  AttributeList attributes;
  for (const auto& [name, value] : labels_of(object).items()) {
    if (value.is_string()) attributes.emplace_back(name, value.get<std::string>());
  }
  return attributes;
}

bool is_terminating(const Json& object) { return !string_at(object, {"metadata", "deletionTimestamp"}).empty(); }

std::optional<TimePoint> deletion_time_of(const Json& object) { return time_at(object, "deletionTimestamp"); }

bool has_finalizer(const Json& object, std::string_view finalizer) {
  const Json& finalizers = array_at(object, "finalizers");
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

const Json& owner_references_of(const Json& object) { return array_at(object, "ownerReferences"); }

const Json* controller_of(const Json& object) {
  for (const Json& reference : owner_references_of(object)) {
    if (bool_at(reference, {"controller"})) return &reference;
  }
  return nullptr;
}

bool is_controlled_by(const Json& object, const Json& owner) {
  const Json* reference = controller_of(object);
  return reference != nullptr && string_at(*reference, {"uid"}) == uid_of(owner);
}

Json controller_reference(const ResourceType& owner_type, const Json& owner) {
  return {{"apiVersion", owner_type.api_version()},
          {"kind", owner_type.kind},
          {"name", name_of(owner)},
          {"uid", uid_of(owner)},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

}  // namespace skiff::api

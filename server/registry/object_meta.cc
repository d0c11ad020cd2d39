#include "server/registry/object_meta.h"

#include "api/base/ids.h"
#include "api/base/json_text.h"
#include "api/base/text.h"
#include "api/go_syntax.h"
#include "api/schema/validate.h"
#include "api/views/meta.h"

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxGeneratedName = 63;
constexpr std::size_t kGeneratedSuffix = 5;
constexpr std::size_t kMaxAnnotationBytes = 256 * 1024;
constexpr const char* kImmutable = "field is immutable";
constexpr std::string_view kOwners = "metadata.ownerReferences";

const Json& member(const Json& object, const char* name) {
  static const Json null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

// The rule for names, applied to what stands in front of the generated part.
void validate_generate_name(std::string_view format, const std::string& prefix, api::FieldErrors& errors) {
  std::string start = prefix;
  if (start.size() > 1 && start.ends_with('-')) start.back() = 'a';
  for (std::string& what : api::schema::format_messages(format, start)) {
    errors.invalid("metadata.generateName", prefix, std::move(what));
  }
}

void validate_name(const Kind& kind, const Json& metadata, api::FieldErrors& errors) {
  const std::string_view format = kind.strategy->name_format();
  const std::string prefix = string_at(metadata, {"generateName"});
  if (!prefix.empty()) validate_generate_name(format, prefix, errors);
  const std::string name = string_at(metadata, {"name"});
  if (name.empty()) {
    errors.required("metadata.name", "name or generateName is required");
  } else {
    api::schema::validate_format(format, name, "metadata.name", errors);
  }
}

void validate_namespace(const Kind& kind, const Json& metadata, api::FieldErrors& errors) {
  const std::string name = string_at(metadata, {"namespace"});
  if (!kind.namespaced) {
    if (!name.empty()) errors.forbidden("metadata.namespace", "not allowed on this type");
  } else if (name.empty()) {
    errors.required("metadata.namespace");
  } else {
    api::schema::validate_format("dns1123-label", name, "metadata.namespace", errors);
  }
}

// Upstream's paths are without the position in the list.
void validate_owner(const Json& owner, api::FieldErrors& errors) {
  const std::string version = string_at(owner, {"apiVersion"});
  if (version.empty() || version.ends_with('/')) {
    errors.invalid(api::child(kOwners, "apiVersion"), version, "version must not be empty");
  }
  for (const char* name : {"kind", "name", "uid"}) {
    const std::string text = string_at(owner, {name});
    if (text.empty()) errors.invalid(api::child(kOwners, name), text, std::string(name) + " must not be empty");
  }
  if (version == "v1" && string_at(owner, {"kind"}) == "Event") {
    errors.invalid_as(std::string(kOwners), api::go_owner_reference(owner),
                      "/v1, Kind=Event is disallowed from being an owner");
  }
}

void validate_owners(const Json& owners, api::FieldErrors& errors) {
  std::string controller;
  for (const Json& owner : owners) {
    validate_owner(owner, errors);
    if (!bool_at(owner, {"controller"})) continue;
    std::string name = string_at(owner, {"kind"}) + "/" + string_at(owner, {"name"});
    if (controller.empty()) {
      controller = std::move(name);
      continue;
    }
    errors.invalid_as(std::string(kOwners), api::go_owner_references(owners),
                      "Only one reference can have Controller set to true. Found \"true\" in references for " +
                          controller + " and " + name);
  }
}

void validate_finalizers(const Json& finalizers, api::FieldErrors& errors) {
  constexpr std::string_view kPath = "metadata.finalizers";
  bool orphan = false, foreground = false;
  for (const Json& finalizer : finalizers) {
    const std::string name = finalizer.get<std::string>();
    orphan |= name == "orphan";
    foreground |= name == "foregroundDeletion";
    api::schema::validate_format("qualified-name", name, kPath, errors);
  }
  if (orphan && foreground) {
    errors.invalid_as(std::string(kPath), api::go_string_list(finalizers),
                      "finalizer orphan and foregroundDeletion cannot be both set");
  }
  for (std::size_t i = 0; i < finalizers.size(); ++i) {
    validate_standard_finalizer(finalizers[i].get<std::string>(), api::index(kPath, i), errors);
  }
}

void validate_no_new_finalizers(const Json& finalizers, const Json& old_finalizers, api::FieldErrors& errors) {
  std::vector<std::string> extra;
  for (const Json& name : finalizers) {
    if (std::find(old_finalizers.begin(), old_finalizers.end(), name) == old_finalizers.end()) {
      extra.push_back(to_json_text(name));
    }
  }
  if (extra.empty()) return;
  std::sort(extra.begin(), extra.end());
  std::string list;
  for (const std::string& name : extra) list += (list.empty() ? "" : ", ") + name;
  errors.forbidden(
      "metadata.finalizers",
      "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + list + "}");
}

}  // namespace

Json& metadata_of(Json& object) {
  Json& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  return metadata;
}

void drop_unkept_metadata(Json& object) { metadata_of(object).erase("selfLink"); }

void fill_system_fields(Json& object, TimePoint now) {
  Json& metadata = metadata_of(object);
  metadata.erase("deletionTimestamp");
  metadata.erase("deletionGracePeriodSeconds");
  metadata["uid"] = new_uuid();
  metadata["creationTimestamp"] = format_time(now);
}

void carry_system_fields(Json& object, const Json& old_object) {
  Json& metadata = metadata_of(object);
  const Json& old_metadata = member(old_object, "metadata");
  if (string_at(metadata, {"uid"}).empty()) metadata["uid"] = member(old_metadata, "uid");
  metadata["creationTimestamp"] = member(old_metadata, "creationTimestamp");
  for (const char* name : {"deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const auto old = old_metadata.find(name);
    if (old != old_metadata.end()) metadata[name] = *old;
  }
}

std::string generate_name(std::string_view prefix) {
  return std::string(prefix.substr(0, kMaxGeneratedName - kGeneratedSuffix)) + random_suffix(kGeneratedSuffix);
}

void validate_standard_finalizer(const std::string& name, const std::string& path, api::FieldErrors& errors) {
  constexpr std::array<std::string_view, 3> kStandard = {"foregroundDeletion", "kubernetes", "orphan"};
  const bool is_standard = std::find(kStandard.begin(), kStandard.end(), name) != kStandard.end();
  if (is_standard || name.find('/') != std::string::npos) return;
  errors.invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified");
}

void validate_labels(const Json& labels, std::string_view path, api::FieldErrors& errors) {
  if (!labels.is_object()) return;
  for (const auto& [name, value] : labels.items()) {
    api::schema::validate_format("qualified-name", name, path, errors);
    api::schema::validate_format("label-value", value.get_ref<const std::string&>(), path, errors);
  }
}

void validate_annotations(const Json& annotations, std::string_view path, api::FieldErrors& errors) {
  if (!annotations.is_object()) return;
  std::size_t bytes = 0;
  for (const auto& [name, value] : annotations.items()) {
    // A qualified name, but for upper case, which annotations allow in the prefix too.
    for (std::string& what : api::schema::format_messages("qualified-name", lower_case(name))) {
      errors.invalid(std::string(path), name, std::move(what));
    }
    bytes += name.size() + value.get_ref<const std::string&>().size();
  }
  if (bytes > kMaxAnnotationBytes) errors.too_long(std::string(path), kMaxAnnotationBytes);
}

void validate_metadata(const Kind& kind, const Json& object, api::FieldErrors& errors) {
  const Json& metadata = member(object, "metadata");
  validate_name(kind, metadata, errors);
  validate_namespace(kind, metadata, errors);
  validate_labels(member(metadata, "labels"), "metadata.labels", errors);
  validate_annotations(member(metadata, "annotations"), "metadata.annotations", errors);
  validate_owners(member(metadata, "ownerReferences"), errors);
  validate_finalizers(member(metadata, "finalizers"), errors);
}

void validate_managed_fields(std::string_view list, api::FieldErrors& errors) {
  constexpr std::size_t kMaxManager = 128, kMaxSubresource = 256;
  std::size_t position = 0;
  for (JsonTextWalker entries(list); entries.next(); ++position) {
    const std::string path = api::index("metadata.managedFields", position);
    const std::string manager = json_text_string(json_text_member(entries.value(), "manager"));
    if (manager.size() > kMaxManager) errors.too_long(api::child(path, "manager"), kMaxManager);
    if (std::any_of(manager.begin(), manager.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      errors.invalid(api::child(path, "manager"), manager, "should only contain printable characters");
    }
    if (json_text_string(json_text_member(entries.value(), "subresource")).size() > kMaxSubresource) {
      errors.too_long(api::child(path, "subresource"), kMaxSubresource);
    }
  }
}

void validate_metadata_update(const Json& object, const Json& old_object, api::FieldErrors& errors) {
  const Json& metadata = member(object, "metadata");
  const Json& old_metadata = member(old_object, "metadata");
  if (api::is_terminating(old_object)) {
    validate_no_new_finalizers(member(metadata, "finalizers"), member(old_metadata, "finalizers"), errors);
  }
  for (const char* name :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const Json& value = member(metadata, name);
    if (value == member(old_metadata, name)) continue;
    const bool is_time = std::string_view(name).ends_with("Timestamp") && value.is_string();
    errors.invalid_as(api::child("metadata", name),
                      is_time ? api::go_time(value.get<std::string>()) : to_json_text(value), kImmutable);
  }
}

bool has_finalizers(const Json& object) {
  const Json* finalizers = find(object, {"metadata", "finalizers"});
  return finalizers != nullptr && !finalizers->empty();
}

}  // namespace skiff::server

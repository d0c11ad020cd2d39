#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

constexpr std::array<const char*, 4> kSources = {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"};

// What fieldRef may name in an environment variable, besides single labels and annotations.
const std::vector<std::string>& environment_fields() {
  static const std::vector<std::string> fields = {
      "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
      "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
  return fields;
}

bool is_subscript(std::string_view field) {
  return field.ends_with("']") &&
         (field.starts_with("metadata.labels['") || field.starts_with("metadata.annotations['"));
}

void validate_field_reference(const Json& reference, const std::string& path, api::FieldErrors& errors) {
  const std::string field = string_at(reference, {"fieldPath"});
  const std::vector<std::string>& known = environment_fields();
  if (field.empty() || is_subscript(field) || std::find(known.begin(), known.end(), field) != known.end()) return;
  std::vector<std::string> sorted = known;
  std::sort(sorted.begin(), sorted.end());
  errors.not_supported(api::child(path, "fieldPath"), field, sorted);
}

void validate_key_reference(const Json& reference, const std::string& path, api::FieldErrors& errors) {
  if (string_at(reference, {"name"}).empty()) errors.required(api::child(path, "name"));
  const std::string name = string_at(reference, {"key"});
  if (name.empty()) return;
  for (std::string& what : api::schema::format_messages("config-map-key", name)) {
    errors.invalid(api::child(path, "key"), name, std::move(what));
  }
}

void validate_source(const Json& variable, const std::string& path, api::FieldErrors& errors) {
  const auto source = variable.find("valueFrom");
  if (source == variable.end()) return;
  const std::string source_path = api::child(path, "valueFrom");
  auto is_set = [&source](const char* name) { return source->contains(name); };
  const auto given = std::count_if(kSources.begin(), kSources.end(), is_set);
  if (given == 0) {
    errors.invalid(source_path, "",
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
  } else if (!string_at(variable, {"value"}).empty()) {
    errors.invalid(source_path, "", "may not be specified when `value` is not empty");
  } else if (given > 1) {
    errors.invalid(source_path, "", "may not have more than one field specified at a time");
  }
  if (const Json* field = find(*source, {"fieldRef"})) {
    validate_field_reference(*field, api::child(source_path, "fieldRef"), errors);
  }
  for (const char* name : {"configMapKeyRef", "secretKeyRef"}) {
    if (const Json* reference = find(*source, {name})) {
      validate_key_reference(*reference, api::child(source_path, name), errors);
    }
  }
}

void validate_whole_source(const Json& entry, const std::string& path, api::FieldErrors& errors) {
  if (const std::string prefix = string_at(entry, {"prefix"}); !prefix.empty()) {
    for (std::string& what : api::schema::format_messages("env-var-name", prefix)) {
      errors.invalid(api::child(path, "prefix"), prefix, std::move(what));
    }
  }
  const Json* config_map = find(entry, {"configMapRef"});
  const Json* secret = find(entry, {"secretRef"});
  if (config_map == nullptr && secret == nullptr) {
    errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
  } else if (config_map != nullptr && secret != nullptr) {
    errors.invalid(path, "", "may not have more than one field specified at a time");
  }
  for (const char* name : {"configMapRef", "secretRef"}) {
    const Json* reference = find(entry, {name});
    if (reference != nullptr && string_at(*reference, {"name"}).empty()) {
      errors.required(api::child(api::child(path, name), "name"));
    }
  }
}

}  // namespace

void validate_environment(const Json& container, std::string_view path, api::FieldErrors& errors) {
  if (const Json* variables = find(container, {"env"})) {
    for (std::size_t i = 0; i < variables->size(); ++i) {
      validate_source((*variables)[i], api::index(api::child(path, "env"), i), errors);
    }
  }
  if (const Json* entries = find(container, {"envFrom"})) {
    for (std::size_t i = 0; i < entries->size(); ++i) {
      validate_whole_source((*entries)[i], api::index(api::child(path, "envFrom"), i), errors);
    }
  }
}

}  // namespace skiff::server

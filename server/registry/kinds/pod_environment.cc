#include "api/base/text.h"
#include "api/quantity.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

constexpr std::array<const char*, 4> kVariableSources = {"fieldRef", "resourceFieldRef", "configMapKeyRef",
                                                         "secretKeyRef"};

// What resourceFieldRef may name, besides huge pages.
const std::vector<std::string> kResources = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                             "requests.cpu", "requests.ephemeral-storage", "requests.memory"};

// What fieldRef may name in an environment variable, besides single labels and annotations. Sorted, as upstream's
// message is.
const std::vector<std::string> kVariableFields = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};

// Fields that the conversion of a fieldRef knows, whether or not they may be used there.
constexpr std::array<std::string_view, 2> kConvertedFields = {"metadata.annotations", "metadata.labels"};

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// metadata.labels['a'] and metadata.annotations['a']. False when `field` has no such subscript.
bool validate_subscript(const std::string& field, const std::string& path, api::FieldErrors& errors) {
  const std::size_t open = field.find("['");
  if (open == std::string::npos || open == 0 || !field.ends_with("']")) return false;
  const std::string owner = field.substr(0, open);
  std::string key = field.substr(open + 2, field.size() - open - 4);
  if (owner == "metadata.annotations") {
    key = lower_case(key);
  } else if (owner != "metadata.labels") {
    errors.invalid(api::child(path, "fieldPath"), field,
                   "error converting fieldPath: field label does not support subscript: " + field);
    return true;
  }
  api::schema::validate_format("qualified-name", key, path, errors);
  return true;
}

// The unit to show a resource in, of which there are few.
void validate_divisor(const std::string& resource, const Json& reference, const std::string& path,
                      api::FieldErrors& errors) {
  const auto divisor = api::Quantity::parse(string_at(reference, {"divisor"}, "0"));
  if (!divisor || divisor->is_zero()) return;
  const std::string text = divisor->to_string();
  if (resource == "limits.cpu" || resource == "requests.cpu") {
    if (text != "1m" && text != "1") {
      errors.invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    }
    return;
  }
  static const std::vector<std::string> kUnits = {"1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
                                                  "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  if (contains(kUnits, text)) return;
  const std::string name = resource.substr(resource.find('.') + 1);
  std::string what;
  if (name == "memory") what = "memory";
  if (name == "ephemeral-storage") what = "local ephemeral storage";
  if (name.starts_with("hugepages-")) what = "hugepages";
  if (what.empty()) return;
  errors.invalid(path, resource,
                 "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with "
                 "the " +
                     what + " resource");
}

void validate_key_reference(const Json& reference, const std::string& path, api::FieldErrors& errors) {
  api::schema::validate_format("dns1123-subdomain", string_at(reference, {"name"}), api::child(path, "name"), errors);
  const std::string key = string_at(reference, {"key"});
  if (!key.empty()) api::schema::validate_format("config-map-key", key, api::child(path, "key"), errors);
}

void validate_source(const Json& variable, const std::string& path, api::FieldErrors& errors) {
  const auto source = variable.find("valueFrom");
  if (source == variable.end()) return;
  const std::string source_path = api::child(path, "valueFrom");
  if (const Json* field = find(*source, {"fieldRef"})) {
    validate_field_reference(*field, kVariableFields, api::child(source_path, "fieldRef"), errors);
  }
  if (const Json* resource = find(*source, {"resourceFieldRef"})) {
    validate_resource_reference(*resource, false, api::child(source_path, "resourceFieldRef"), errors);
  }
  for (const char* name : {"configMapKeyRef", "secretKeyRef"}) {
    if (const Json* reference = find(*source, {name})) {
      validate_key_reference(*reference, api::child(source_path, name), errors);
    }
  }
  const auto given = std::count_if(kVariableSources.begin(), kVariableSources.end(),
                                   [&](const char* name) { return source->contains(name); });
  if (given == 0) {
    errors.invalid(source_path, "",
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
  } else if (!string_at(variable, {"value"}).empty()) {
    errors.invalid(source_path, "", "may not be specified when `value` is not empty");
  } else if (given > 1) {
    errors.invalid(source_path, "", "may not have more than one field specified at a time");
  }
}

// Upstream's paths of how many sources there are, are those of the list.
void validate_whole_source(const Json& entry, const std::string& path, const std::string& list_path,
                           api::FieldErrors& errors) {
  if (const std::string prefix = string_at(entry, {"prefix"}); !prefix.empty()) {
    api::schema::validate_format("env-var-name", prefix, api::child(path, "prefix"), errors);
  }
  int given = 0;
  for (const char* source : {"configMapRef", "secretRef"}) {
    const Json* reference = find(entry, {source});
    if (reference == nullptr) continue;
    ++given;
    const std::string name_path = api::child(api::child(path, source), "name");
    std::string name = string_at(*reference, {"name"});
    if (name.empty()) {
      errors.required(name_path);
    } else if (name.size() > 1 && name.ends_with('-')) {
      continue;  // upstream reads it as the start of a generated name
    } else {
      api::schema::validate_format("dns1123-subdomain", name, name_path, errors);
    }
  }
  if (given == 0) errors.invalid(list_path, "", "must specify one of: `configMapRef` or `secretRef`");
  if (given > 1) errors.invalid(list_path, "", "may not have more than one field specified at a time");
}

}  // namespace

void validate_field_reference(const Json& reference, const std::vector<std::string>& fields, const std::string& path,
                              api::FieldErrors& errors) {
  const std::string field = string_at(reference, {"fieldPath"});
  if (field.empty()) return;
  const std::string version = string_at(reference, {"apiVersion"}, "v1");
  if (version != "v1") {
    return errors.invalid(api::child(path, "fieldPath"), field,
                          "error converting fieldPath: unsupported pod version: " + version);
  }
  if (validate_subscript(field, path, errors) || contains(fields, field)) return;
  const bool is_known = contains(kVariableFields, field) || field == "spec.restartPolicy" ||
                        field == "spec.schedulerName" || field == "status.phase" ||
                        std::find(kConvertedFields.begin(), kConvertedFields.end(), field) != kConvertedFields.end();
  if (is_known) return errors.not_supported(api::child(path, "fieldPath"), field, fields);
  errors.invalid(api::child(path, "fieldPath"), field,
                 "error converting fieldPath: field label not supported: " + field);
}

void validate_resource_reference(const Json& reference, bool needs_container, const std::string& path,
                                 api::FieldErrors& errors) {
  const std::string resource = string_at(reference, {"resource"});
  if (needs_container && string_at(reference, {"containerName"}).empty()) {
    errors.required(api::child(path, "containerName"));
  } else if (!resource.empty() && !contains(kResources, resource) && !resource.starts_with("limits.hugepages-") &&
             !resource.starts_with("requests.hugepages-")) {
    errors.not_supported(api::child(path, "resource"), resource, kResources);
  }
  validate_divisor(resource, reference, api::child(path, "divisor"), errors);
}

void validate_environment(const Json& container, std::string_view path, api::FieldErrors& errors) {
  for_each_element(container, "env", path, [&](const Json& variable, const std::string& own_path) {
    validate_source(variable, own_path, errors);
  });
  const std::string list_path = api::child(path, "envFrom");
  for_each_element(container, "envFrom", path, [&](const Json& entry, const std::string& own_path) {
    validate_whole_source(entry, own_path, list_path, errors);
  });
}

}  // namespace skiff::server

#include "server/registry/kinds/pod_spec.h"

namespace skiff::server {

namespace {

constexpr std::int64_t kMaxMode = 0777;

void validate_mode(const Json& owner, const char* name, const std::string& path, api::FieldErrors& errors) {
  const Json* mode = find(owner, {name});
  if (mode != nullptr && (*mode < 0 || *mode > kMaxMode)) {
    errors.invalid(api::child(path, name), *mode, "must be a number between 0 and 0777 (octal), both inclusive");
  }
}

// Files made from keys: a ConfigMap's, a Secret's.
void validate_keyed_source(const Json& source, const char* name_field, const std::string& path,
                           api::FieldErrors& errors) {
  if (string_at(source, {name_field}).empty()) errors.required(api::child(path, name_field));
  validate_mode(source, "defaultMode", path, errors);
  const Json* items = find(source, {"items"});
  if (items == nullptr) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string item_path = api::index(api::child(path, "items"), i);
    const std::string file = string_at((*items)[i], {"path"});
    if (file.starts_with('/')) errors.invalid(api::child(item_path, "path"), file, "must be a relative path");
    if (file == ".." || file.starts_with("../") || file.find("/../") != std::string::npos || file.ends_with("/..")) {
      errors.invalid(api::child(item_path, "path"), file, "must not contain '..'");
    }
    validate_mode((*items)[i], "mode", item_path, errors);
  }
}

void validate_source(const std::string& type, const Json& source, const std::string& path, api::FieldErrors& errors) {
  if (type == "configMap") validate_keyed_source(source, "name", path, errors);
  if (type == "secret") validate_keyed_source(source, "secretName", path, errors);
  if (type == "hostPath") {
    const std::string host_path = string_at(source, {"path"});
    if (("/" + host_path + "/").find("/../") != std::string::npos) {
      errors.invalid(api::child(path, "path"), host_path, "must not contain '..'");
    }
  }
}

}  // namespace

void validate_volumes(const Json& volumes, std::string_view path, api::FieldErrors& errors) {
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string own_path = api::index(path, i);
    int sources = 0;
    for (const auto& [type, source] : volumes[i].items()) {
      if (type == "name") continue;
      if (++sources > 1) {
        errors.forbidden(api::child(own_path, type), "may not specify more than 1 volume type");
      } else {
        validate_source(type, source, api::child(own_path, type), errors);
      }
    }
    if (sources == 0) errors.required(own_path, "must specify a volume type");
  }
}

}  // namespace skiff::server

#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <set>

namespace skiff::server {

namespace {

constexpr const char* kMounts = "volumeMounts";
constexpr const char* kDevices = "volumeDevices";

const Json* find_named(const Json& elements, const std::string& name) {
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [&](const Json& element) { return string_at(element, {"name"}) == name; });
  return found == elements.end() ? nullptr : &*found;
}

bool has_path(const Json& elements, const char* member, const std::string& path) {
  return std::any_of(elements.begin(), elements.end(),
                     [&](const Json& element) { return string_at(element, {member}) == path; });
}

void validate_sub_path(const Json& mount, const Json* volume, const std::string& mount_path,
                       const std::string& list_path, api::FieldErrors& errors) {
  const std::string sub_path = string_at(mount, {"subPath"});
  const std::string expression = string_at(mount, {"subPathExpr"});
  if (volume != nullptr && volume->contains("image")) {
    for (const char* name : {"subPath", "subPathExpr"}) {
      const std::string value = string_at(mount, {name});
      if (!value.empty()) {
        errors.invalid(api::child(mount_path, name), value, "not allowed in image volume sources");
      }
    }
  }
  if (!sub_path.empty()) validate_descending_path(sub_path, api::child(list_path, "subPath"), errors);
  if (expression.empty()) return;
  if (!sub_path.empty()) {
    errors.invalid(api::child(mount_path, "subPathExpr"), expression, "subPathExpr and subPath are mutually exclusive");
  }
  validate_descending_path(expression, api::child(list_path, "subPathExpr"), errors);
}

void validate_propagation(const Json& mount, bool privileged, const std::string& list_path, api::FieldErrors& errors) {
  const Json* propagation = find(mount, {"mountPropagation"});
  if (propagation == nullptr) return;
  const std::string path = api::child(list_path, "mountPropagation");
  if (*propagation == "Bidirectional") {
    if (!privileged) {
      errors.forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
    }
  } else if (*propagation != "HostToContainer" && *propagation != "None") {
    errors.not_supported(path, *propagation, {"Bidirectional", "HostToContainer", "None"});
  }
}

void validate_recursive_read_only(const Json& mount, const std::string& list_path, api::FieldErrors& errors) {
  const Json* mode = find(mount, {"recursiveReadOnly"});
  if (mode == nullptr || *mode == "Disabled") return;
  const std::string path = api::child(list_path, "recursiveReadOnly");
  if (*mode != "Enabled" && *mode != "IfPossible") {
    return errors.not_supported(path, *mode, {"Disabled", "Enabled", "IfPossible"});
  }
  if (!bool_at(mount, {"readOnly"})) errors.forbidden(path, "may only be specified when readOnly is true");
  if (string_at(mount, {"mountPropagation"}, "None") != "None") {
    errors.forbidden(path, "may only be specified when mountPropagation is None or not specified");
  }
}

void validate_devices(const Json& container, const Json& volumes, std::string_view path, api::FieldErrors& errors) {
  const Json& mounts = elements_of(container, kMounts);
  std::set<std::string> names, paths;
  for_each_element(container, kDevices, path, [&](const Json& device, const std::string& own_path) {
    const std::string name = string_at(device, {"name"});
    const std::string device_path = string_at(device, {"devicePath"});
    const std::string name_path = api::child(own_path, "name");
    const std::string path_path = api::child(own_path, "devicePath");
    if (!name.empty() && !names.insert(name).second) errors.invalid(name_path, name, "must be unique");
    const Json* volume = find_named(volumes, name);
    if (volume == nullptr) {
      errors.not_found(name_path, name);
    } else if (!volume->contains("persistentVolumeClaim") && !volume->contains("ephemeral")) {
      errors.invalid(name_path, name,
                     "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (!device_path.empty() && !paths.insert(device_path).second) {
      errors.invalid(path_path, device_path, "must be unique");
    }
    if (("/" + device_path + "/").find("/../") != std::string::npos) {
      errors.invalid(path_path, device_path, "can not contain backsteps ('..')");
    }
    if (find_named(mounts, name) != nullptr) {
      errors.invalid(name_path, name, "must not already exist in volumeMounts");
    }
    if (has_path(mounts, "mountPath", device_path)) {
      errors.invalid(path_path, device_path, "must not already exist as a path in volumeMounts");
    }
  });
}

}  // namespace

// Upstream's paths of what it says about subPath, mountPropagation and recursiveReadOnly lack the position in the list.
void validate_mounts(const Json& container, const Json& volumes, std::string_view path, api::FieldErrors& errors) {
  const Json& devices = elements_of(container, kDevices);
  const bool privileged = bool_at(container, {"securityContext", "privileged"});
  const std::string list_path = api::child(path, kMounts);
  std::set<std::string> mount_paths;
  for_each_element(container, kMounts, path, [&](const Json& mount, const std::string& own_path) {
    const std::string name = string_at(mount, {"name"});
    const std::string mount_path = string_at(mount, {"mountPath"});
    const Json* volume = find_named(volumes, name);
    if (volume == nullptr) errors.not_found(api::child(own_path, "name"), name);
    if (!mount_paths.insert(mount_path).second) {
      errors.invalid(api::child(own_path, "mountPath"), mount_path, "must be unique");
    }
    if (find_named(devices, name) != nullptr) {
      errors.invalid(api::child(own_path, "name"), name, "must not already exist in volumeDevices");
    }
    if (has_path(devices, "devicePath", mount_path)) {
      errors.invalid(api::child(own_path, "mountPath"), mount_path,
                     "must not already exist as a path in volumeDevices");
    }
    validate_sub_path(mount, volume, own_path, list_path, errors);
    validate_propagation(mount, privileged, list_path, errors);
    validate_recursive_read_only(mount, list_path, errors);
  });
  validate_devices(container, volumes, path, errors);
}

}  // namespace skiff::server

#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <set>

namespace skiff::server {

namespace {

bool has_parent_step(const std::string& path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (path.compare(begin, end - begin, "..") == 0) return true;
    begin = end + 1;
  }
  return false;
}

void validate_image(const Json& container, const std::string& path, api::FieldErrors& errors) {
  const std::string image = string_at(container, {"image"});
  constexpr const char* kSpace = " \t\r\n\f\v";
  if (image.empty()) {
    errors.required(api::child(path, "image"));
  } else if (image.find_first_not_of(kSpace) != 0 || image.find_last_not_of(kSpace) != image.size() - 1) {
    errors.invalid(api::child(path, "image"), image, "must not have leading or trailing whitespace");
  }
}

void validate_ports(const Json& container, bool host_network, const std::string& path, api::FieldErrors& errors) {
  const Json* ports = find(container, {"ports"});
  if (ports == nullptr) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const std::string port_path = api::index(api::child(path, "ports"), i);
    const Json& port = (*ports)[i];
    const std::string name = string_at(port, {"name"});
    if (!name.empty() && !names.insert(name).second) errors.duplicate(api::child(port_path, "name"), name);
    const std::int64_t host_port = integer_at(port, {"hostPort"});
    if (host_network && host_port != integer_at(port, {"containerPort"})) {
      errors.invalid(api::child(port_path, "containerPort"), port.value("containerPort", Json(0)),
                     "must match `hostPort` when `hostNetwork` is true");
    }
  }
}

void validate_sub_path(const std::string& sub_path, const std::string& path, api::FieldErrors& errors) {
  if (sub_path.starts_with('/')) errors.invalid(path, sub_path, "must be a relative path");
  if (has_parent_step(sub_path)) errors.invalid(path, sub_path, "must not contain '..'");
}

void validate_mounts(const Json& container, const std::set<std::string>& volumes, const std::string& path,
                     api::FieldErrors& errors) {
  const Json* mounts = find(container, {"volumeMounts"});
  if (mounts == nullptr) return;
  std::set<std::string> mount_paths;
  for (std::size_t i = 0; i < mounts->size(); ++i) {
    const std::string mount = api::index(api::child(path, "volumeMounts"), i);
    const std::string name = string_at((*mounts)[i], {"name"});
    if (!name.empty() && !volumes.contains(name)) errors.not_found(api::child(mount, "name"), name);
    const std::string mount_path = string_at((*mounts)[i], {"mountPath"});
    if (!mount_path.empty() && !mount_paths.insert(mount_path).second) {
      errors.invalid(api::child(mount, "mountPath"), mount_path, "must be unique");
    }
    const std::string sub_path = string_at((*mounts)[i], {"subPath"});
    const std::string expression = string_at((*mounts)[i], {"subPathExpr"});
    if (!sub_path.empty()) validate_sub_path(sub_path, api::child(mount, "subPath"), errors);
    if (expression.empty()) continue;
    if (!sub_path.empty()) {
      errors.invalid(api::child(mount, "subPathExpr"), expression, "subPathExpr and subPath are mutually exclusive");
    }
    validate_sub_path(expression, api::child(mount, "subPathExpr"), errors);
  }
}

void validate_security(const Json& container, const std::string& path, api::FieldErrors& errors) {
  const Json* security = find(container, {"securityContext"});
  if (security == nullptr) return;
  if (bool_at(*security, {"privileged"}) && !bool_at(*security, {"allowPrivilegeEscalation"}, true)) {
    errors.invalid(api::child(path, "securityContext"), *security,
                   "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
}

void validate_restart_policy(const Json& container, bool is_init, const std::string& path, api::FieldErrors& errors) {
  const std::string policy = string_at(container, {"restartPolicy"});
  if (policy.empty()) return;
  if (!is_init) {
    errors.forbidden(api::child(path, "restartPolicy"), "may not be set for non-init containers");
  } else if (policy != "Always") {
    errors.not_supported(api::child(path, "restartPolicy"), policy, {"Always"});
  }
}

}  // namespace

void validate_containers(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  std::set<std::string> volumes;
  for (const Json& volume : spec.value("volumes", Json::array())) volumes.insert(string_at(volume, {"name"}));
  std::set<std::string> names;
  for (const Json& container : spec.value("containers", Json::array())) names.insert(string_at(container, {"name"}));
  const bool host_network = bool_at(spec, {"hostNetwork"});

  for_each_container(spec, [&](const Json& container, const std::string& place) {
    const bool is_init = place.starts_with("initContainers");
    const bool runs_once = is_init && string_at(container, {"restartPolicy"}) != "Always";
    const std::string own_path = api::child(path, place);
    if (is_init && names.contains(string_at(container, {"name"}))) {
      errors.duplicate(api::child(own_path, "name"), container.at("name"));
    }
    validate_image(container, own_path, errors);
    validate_restart_policy(container, is_init, own_path, errors);
    validate_ports(container, host_network, own_path, errors);
    validate_environment(container, own_path, errors);
    validate_mounts(container, volumes, own_path, errors);
    validate_probes(container, runs_once, own_path, errors);
    validate_security(container, own_path, errors);
    if (const Json* resources = find(container, {"resources"})) {
      validate_resources(*resources, api::child(own_path, "resources"), errors);
    }
  });
}

}  // namespace skiff::server

#include "api/schema/validate.h"
#include "server/registry/kinds/pod_spec.h"

#include <set>

namespace skiff::server {

namespace {

void validate_port_names(const Json& container, const std::string& path, api::FieldErrors& errors) {
  std::set<std::string> names;
  for_each_element(container, "ports", path, [&](const Json& port, const std::string& port_path) {
    const std::string name = string_at(port, {"name"});
    const bool is_valid = !name.empty() && api::schema::check_format("iana-svc-name", name).empty();
    if (is_valid && !names.insert(name).second) errors.duplicate(api::child(port_path, "name"), name);
  });
}

// No two containers that run at the same time may want the same port of the node.
void validate_host_ports(const Json& container, const std::string& path, std::set<std::string>& taken,
                         api::FieldErrors& errors) {
  for_each_element(container, "ports", path, [&](const Json& port, const std::string& port_path) {
    const std::int64_t number = integer_at(port, {"hostPort"});
    if (number == 0) return;
    const std::string address =
        string_at(port, {"protocol"}) + "/" + string_at(port, {"hostIP"}) + "/" + std::to_string(number);
    if (!taken.insert(address).second) errors.duplicate(api::child(port_path, "hostPort"), address);
  });
}

// Upstream's paths are those of the list.
void validate_resize_policy(const Json& container, bool restarts_never, const std::string& path,
                            api::FieldErrors& errors) {
  const std::string list = api::child(path, "resizePolicy");
  std::set<std::string> seen;
  for_each_element(container, "resizePolicy", path, [&](const Json& policy, const std::string& own_path) {
    const std::string resource = string_at(policy, {"resourceName"});
    const std::string restart = string_at(policy, {"restartPolicy"});
    if (!seen.insert(resource).second) errors.duplicate(own_path, resource);
    if (resource.empty()) {
      errors.required(list);
    } else if (resource != "cpu" && resource != "memory") {
      errors.not_supported(list, resource, {"cpu", "memory"});
    }
    if (restart.empty()) {
      errors.required(list);
    } else if (restart != "NotRequired" && restart != "RestartContainer") {
      errors.not_supported(list, restart, {"NotRequired", "RestartContainer"});
    }
    if (restarts_never && restart != "NotRequired") {
      errors.invalid(list, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  });
}

void validate_restart_policy(const Json& container, bool is_init, const std::string& path, api::FieldErrors& errors) {
  const auto policy = container.find("restartPolicy");
  if (policy == container.end()) return;
  if (!is_init) {
    errors.forbidden(api::child(path, "restartPolicy"), "may not be set for non-init containers");
  } else if (*policy != "Always") {
    errors.not_supported(api::child(path, "restartPolicy"), *policy, {"Always"});
  }
}

void validate_container(const Json& container, const Json& spec, const std::string& path, api::FieldErrors& errors) {
  if (string_at(container, {"image"}).empty()) errors.required(api::child(path, "image"));
  validate_port_names(container, path, errors);
  validate_environment(container, path, errors);
  validate_mounts(container, elements_of(spec, "volumes"), path, errors);
  if (const Json* resources = find(container, {"resources"})) {
    validate_resources(*resources, api::child(path, "resources"), errors);
  }
  validate_resize_policy(container, string_at(spec, {"restartPolicy"}) == "Never", path, errors);
  validate_container_security(container, path, errors);
}

}  // namespace

void validate_containers(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  std::set<std::string> names;
  for (const Json& container : elements_of(spec, "containers")) names.insert(string_at(container, {"name"}));
  const std::int64_t grace_period = integer_at(spec, {"terminationGracePeriodSeconds"});

  std::set<std::string> host_ports;
  for_each_element(spec, "containers", path, [&](const Json& container, const std::string& own_path) {
    validate_container(container, spec, own_path, errors);
    validate_probes(container, false, grace_period, own_path, errors);
    validate_restart_policy(container, false, own_path, errors);
    validate_host_ports(container, own_path, host_ports, errors);
  });
  for_each_element(spec, "initContainers", path, [&](const Json& container, const std::string& own_path) {
    const bool runs_once = string_at(container, {"restartPolicy"}) != "Always";
    const std::string name = string_at(container, {"name"});
    validate_container(container, spec, own_path, errors);
    validate_restart_policy(container, true, own_path, errors);
    if (!name.empty() && names.contains(name)) errors.duplicate(api::child(own_path, "name"), name);
    // They run one by one. Upstream names the first of the list, whichever it is.
    std::set<std::string> own_ports;
    validate_host_ports(container, api::index(api::child(path, "initContainers"), 0), own_ports, errors);
    validate_probes(container, runs_once, grace_period, own_path, errors);
    if (container.contains("resizePolicy")) {
      errors.invalid(api::child(own_path, "resizePolicy"), container.at("resizePolicy"),
                     "must not be set for init containers");
    }
  });
}

void validate_ephemeral_containers(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  std::set<std::string> others;
  for_each_container(spec,
                     [&](const Json& container, const std::string&) { others.insert(string_at(container, {"name"})); });
  std::set<std::string> names = others;
  for_each_element(spec, "ephemeralContainers", path, [&](const Json& container, const std::string& own_path) {
    validate_container(container, spec, own_path, errors);
    const std::string name = string_at(container, {"name"});
    if (!name.empty() && !names.insert(name).second) errors.duplicate(api::child(own_path, "name"), name);
    const std::string target = string_at(container, {"targetContainerName"});
    if (!target.empty() && !others.contains(target)) {
      errors.not_found(api::child(own_path, "targetContainerName"), target);
    }
    for (const char* member : {"ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
                               "resizePolicy", "restartPolicy"}) {
      const auto found = container.find(member);
      if (found != container.end() && !found->empty()) {
        errors.forbidden(api::child(own_path, member), "cannot be set for an Ephemeral Container");
      }
    }
    for_each_element(container, "volumeMounts", own_path, [&](const Json& mount, const std::string& mount_path) {
      for (const char* member : {"subPath", "subPathExpr"}) {
        if (string_at(mount, {member}).empty()) continue;
        errors.forbidden(api::child(mount_path, member), "cannot be set for an Ephemeral Container");
      }
    });
  });
}

}  // namespace skiff::server

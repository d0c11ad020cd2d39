#include "server/registry/kinds/pod_spec.h"

#include <algorithm>
#include <array>
#include <set>

namespace skiff::server {

namespace {

constexpr std::int64_t kMaxId = 2147483647;
constexpr std::size_t kMaxSysctlBytes = 253;
constexpr const char* kLinuxOnly = "cannot be set for a windows pod";

// Upstream's regular expression, which its message shows: segments of lower case letters, digits, '-' and '_' between
// dots or slashes.
constexpr const char* kSysctlName = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

bool is_sysctl_segment(std::string_view text) {
  auto is_alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_sysctl_name(std::string_view name) {
  if (name.size() > kMaxSysctlBytes) return false;
  for (;;) {
    const std::size_t end = name.find_first_of("./");
    if (!is_sysctl_segment(name.substr(0, end))) return false;
    if (end == name.npos) return true;
    name.remove_prefix(end + 1);
  }
}

// Kernel parameters that belong to the namespaces of the network and of IPC.
bool is_network_sysctl(std::string_view name) { return name.starts_with("net.") || name.starts_with("net/"); }

bool is_ipc_sysctl(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name == "kernel.sem" || name.starts_with("kernel.shm") || name.starts_with("kernel.msg") ||
         name.starts_with("fs.mqueue.");
}

void validate_sysctls(const Json& security, const Json& spec, const std::string& path, api::FieldErrors& errors) {
  std::set<std::string> names;
  for_each_element(security, "sysctls", path, [&](const Json& sysctl, const std::string& own_path) {
    const std::string name = string_at(sysctl, {"name"});
    const std::string name_path = api::child(own_path, "name");
    if (name.empty()) return;
    if (!is_sysctl_name(name)) {
      errors.invalid(
          name_path, name,
          "must have at most " + std::to_string(kMaxSysctlBytes) + " characters and match regex " + kSysctlName);
    } else if (!names.insert(name).second) {
      errors.duplicate(name_path, name);
    }
    if (bool_at(spec, {"hostNetwork"}) && is_network_sysctl(name)) {
      errors.invalid(name_path, name, "may not be specified when 'hostNetwork' is true");
    } else if (bool_at(spec, {"hostIPC"}) && is_ipc_sysctl(name)) {
      errors.invalid(name_path, name, "may not be specified when 'hostIPC' is true");
    }
  });
}

const std::vector<std::string> kProfileTypes = {"Localhost", "RuntimeDefault", "Unconfined"};

bool is_profile_type(const std::string& type) {
  return std::find(kProfileTypes.begin(), kProfileTypes.end(), type) != kProfileTypes.end();
}

void validate_seccomp(const Json& security, const std::string& path, api::FieldErrors& errors) {
  const Json* profile = find(security, {"seccompProfile"});
  if (profile == nullptr) return;
  const std::string own_path = api::child(path, "seccompProfile");
  const std::string type = string_at(*profile, {"type"});
  const Json* file = find(*profile, {"localhostProfile"});
  const std::string file_path = api::child(own_path, "localhostProfile");
  if (type.empty()) errors.required(api::child(own_path, "type"), "type is required when seccompProfile is set");
  if (!type.empty() && !is_profile_type(type)) errors.not_supported(api::child(own_path, "type"), type, kProfileTypes);
  if (type != "Localhost") {
    if (file != nullptr) errors.invalid(file_path, *profile, "can only be set when seccomp type is Localhost");
  } else if (file == nullptr) {
    errors.required(file_path, "must be set when seccomp type is Localhost");
  } else {
    validate_descending_path(file->get<std::string>(), file_path, errors);
  }
}

void validate_app_armor(const Json& security, const std::string& path, api::FieldErrors& errors) {
  constexpr std::size_t kMaxProfileBytes = 4095;
  const Json* profile = find(security, {"appArmorProfile"});
  if (profile == nullptr) return;
  const std::string own_path = api::child(path, "appArmorProfile");
  const std::string type = string_at(*profile, {"type"});
  const Json* name = find(*profile, {"localhostProfile"});
  const std::string name_path = api::child(own_path, "localhostProfile");
  if (type.empty()) {
    errors.required(api::child(own_path, "type"), "type is required when appArmorProfile is set");
  } else if (!is_profile_type(type)) {
    errors.not_supported(api::child(own_path, "type"), type, kProfileTypes);
  } else if (type != "Localhost") {
    if (name != nullptr) errors.invalid(name_path, *name, "can only be set when AppArmor type is Localhost");
  } else if (name == nullptr || *name == "") {
    errors.required(name_path, "must be set when AppArmor type is Localhost");
  } else {
    const std::string text = name->get<std::string>();
    constexpr const char* kSpace = " \t\r\n\f\v";
    if (text.find_first_not_of(kSpace) != 0 || text.find_last_not_of(kSpace) != text.size() - 1) {
      errors.invalid(name_path, text, "must not be padded with whitespace");
    }
    if (text.size() > kMaxProfileBytes) errors.too_long(name_path, kMaxProfileBytes);
  }
}

void forbid(const Json& object, std::initializer_list<const char*> names, const std::string& path,
            api::FieldErrors& errors) {
  for (const char* name : names) {
    if (object.contains(name)) errors.forbidden(api::child(path, name), kLinuxOnly);
  }
}

// What only the other operating system knows.
void validate_os(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  const Json* os = find(spec, {"os"});
  if (os == nullptr) return;
  const std::string os_path = api::child(path, "os");
  const std::string name = string_at(*os, {"name"});
  if (name.empty()) return errors.required(api::child(os_path, "name"), "cannot be empty");
  if (name != "linux" && name != "windows") return errors.not_supported(os_path, name, {"linux", "windows"});

  const bool is_linux = name == "linux";
  auto validate_context = [&](const Json& owner, const std::string& owner_path,
                              std::initializer_list<const char*> linux_only) {
    const Json* security = find(owner, {"securityContext"});
    if (security == nullptr) return;
    const std::string security_path = api::child(owner_path, "securityContext");
    if (!is_linux) return forbid(*security, linux_only, security_path, errors);
    if (security->contains("windowsOptions")) {
      errors.forbidden(api::child(security_path, "windowsOptions"), "windows options cannot be set for a linux pod");
    }
  };
  validate_context(
      spec, std::string(path),
      {"appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
       "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"});
  if (!is_linux) forbid(spec, {"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"}, std::string(path), errors);
  for_each_container(spec, [&](const Json& container, const std::string& place) {
    validate_context(container, api::child(path, place),
                     {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem",
                      "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"});
  });
}

// Upstream's paths of two of the members are those of Go.
void validate_host_users(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  if (bool_at(spec, {"hostUsers"}, true)) return;
  constexpr std::array<std::pair<const char*, const char*>, 3> kMembers = {
      {{"hostNetwork", "hostNetwork"}, {"hostPID", "HostPID"}, {"hostIPC", "HostIPC"}}};
  for (const auto& [name, shown] : kMembers) {
    if (bool_at(spec, {name})) errors.forbidden(api::child(path, shown), "when `pod.Spec.HostUsers` is false");
  }
}

}  // namespace

void validate_pod_security(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  static const Json none = Json::object();
  const Json* found = find(spec, {"securityContext"});
  const Json& security = found == nullptr ? none : *found;
  const std::string own_path = api::child(path, "securityContext");
  for_each_element(security, "supplementalGroups", own_path, [&](const Json& group, const std::string& group_path) {
    if (group < 0 || group > kMaxId) errors.invalid(group_path, group, "must be between 0 and 2147483647, inclusive");
  });
  if (bool_at(spec, {"shareProcessNamespace"}) && bool_at(spec, {"hostPID"})) {
    errors.invalid(api::child(own_path, "shareProcessNamespace"), true,
                   "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  validate_sysctls(security, spec, own_path, errors);
  validate_seccomp(security, own_path, errors);
  validate_app_armor(security, own_path, errors);
  validate_host_users(spec, path, errors);
  validate_os(spec, path, errors);
}

void validate_container_security(const Json& container, std::string_view path, api::FieldErrors& errors) {
  const Json* security = find(container, {"securityContext"});
  if (security == nullptr) return;
  const std::string own_path = api::child(path, "securityContext");
  validate_seccomp(*security, own_path, errors);
  validate_app_armor(*security, own_path, errors);
  if (bool_at(*security, {"allowPrivilegeEscalation"}, true)) return;
  if (bool_at(*security, {"privileged"})) {
    errors.invalid(own_path, *security, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
  const Json* added = find(*security, {"capabilities", "add"});
  if (added != nullptr && std::find(added->begin(), added->end(), "CAP_SYS_ADMIN") != added->end()) {
    errors.invalid(own_path, *security,
                   "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
}

}  // namespace skiff::server

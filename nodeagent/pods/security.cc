#include "nodeagent/pods/security.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

// The container's own setting, else the pod's, else null.
const Json* effective(const Json& pod, const Json& container, std::string_view setting) {
  const Json* own = find(container, {"securityContext", setting});
  return own != nullptr ? own : find(pod, {"spec", "securityContext", setting});
}

std::string where(const Json& pod, const Json& container) {
  return "(pod: \"" + describe_pod(pod) + "\", container: " + string_at(container, {"name"}) + ")";
}

std::optional<std::int64_t> as_integer(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

Result<void> apply_image_user(SecurityConfig& security, const std::string& image_user, const UserDatabase& users) {
  const std::string user = image_user.substr(0, image_user.find(':'));
  if (user.empty()) return {};
  const auto entry = find_user(users, user);
  if (entry) {
    security.uid = entry->uid;
    security.gid = entry->gid;
    security.supplemental_groups = groups_of_user(users, entry->name);
  } else if (is_number(user)) {
    security.uid = std::stoll(user);
  } else {
    return Error{ErrorCode::kInvalid, "unable to find user " + user + ": no matching entries in passwd file"};
  }
  if (const std::size_t colon = image_user.find(':'); colon != std::string::npos) {
    const std::string group = image_user.substr(colon + 1);
    const auto gid = find_group(users, group);
    if (!gid)
      return Error{ErrorCode::kInvalid, "unable to find group " + group + ": no matching entries in group file"};
    security.gid = *gid;
  }
  return {};
}

void apply_run_as_user(SecurityConfig& security, std::int64_t uid, const UserDatabase& users) {
  const auto entry = find_user(users, std::to_string(uid));
  security.uid = uid;
  security.gid = entry ? entry->gid : 0;
  security.supplemental_groups = entry ? groups_of_user(users, entry->name) : std::vector<std::int64_t>();
}

Result<void> check_non_root(const Json& pod, const Json& container, std::optional<std::int64_t> run_as_user,
                            const std::string& image_user, std::int64_t uid) {
  const Json* required = effective(pod, container, "runAsNonRoot");
  if (required == nullptr || *required != true) return {};
  if (run_as_user) {
    if (*run_as_user != 0) return {};
    return Error{ErrorCode::kInvalid, "container's runAsUser breaks non-root policy " + where(pod, container)};
  }
  const std::string user = image_user.substr(0, image_user.find(':'));
  if (!user.empty() && !is_number(user)) {
    return Error{ErrorCode::kInvalid, "container has runAsNonRoot and image has non-numeric user (" + user +
                                          "), cannot verify user is non-root " + where(pod, container)};
  }
  if (uid != 0) return {};
  return Error{ErrorCode::kInvalid, "container has runAsNonRoot and image will run as root " + where(pod, container)};
}

void apply_capabilities(SecurityConfig& security, const Json& container) {
  const auto add = [&container](std::string_view member, std::vector<std::string>& names) {
    const Json* list = find(container, {"securityContext", "capabilities", member});
    if (list == nullptr) return;
    for (const Json& name : *list) names.push_back(name.get<std::string>());
  };
  add("add", security.add_capabilities);
  add("drop", security.drop_capabilities);
}

void apply_pod_groups(SecurityConfig& security, const Json& pod) {
  const auto add = [&security](std::int64_t gid) {
    auto& groups = security.supplemental_groups;
    if (std::find(groups.begin(), groups.end(), gid) == groups.end()) groups.push_back(gid);
  };
  if (const Json* groups = find(pod, {"spec", "securityContext", "supplementalGroups"})) {
    for (const Json& gid : *groups) add(gid.get<std::int64_t>());
  }
  if (const auto gid = as_integer(find(pod, {"spec", "securityContext", "fsGroup"}))) add(*gid);
}

}  // namespace

Result<SecurityConfig> make_security(const Json& pod, const Json& container, const ImageConfig& image,
                                     const UserDatabase& users) {
  SecurityConfig security;
  const auto run_as_user = as_integer(effective(pod, container, "runAsUser"));
  if (run_as_user) {
    apply_run_as_user(security, *run_as_user, users);
  } else if (const auto applied = apply_image_user(security, image.user, users); !applied) {
    return applied.error();
  }
  if (const auto gid = as_integer(effective(pod, container, "runAsGroup"))) security.gid = *gid;
  if (const auto checked = check_non_root(pod, container, run_as_user, image.user, security.uid); !checked) {
    return checked.error();
  }
  apply_pod_groups(security, pod);
  apply_capabilities(security, container);
  security.privileged = bool_at(container, {"securityContext", "privileged"});
  security.read_only_root = bool_at(container, {"securityContext", "readOnlyRootFilesystem"});
  security.no_new_privileges = !bool_at(container, {"securityContext", "allowPrivilegeEscalation"}, true);
  const Json* profile = effective(pod, container, "seccompProfile");
  security.seccomp_default =
      profile != nullptr && string_at(*profile, {"type"}) == "RuntimeDefault" && !security.privileged;
  return security;
}

}  // namespace skiff::nodeagent

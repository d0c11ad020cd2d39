#include "nodeagent/volumes/payload.h"

#include "api/base/ids.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

constexpr mode_t kDefaultMode = 0644;
constexpr mode_t kPrivateMode = 0600;

// data and, of a ConfigMap, binaryData, decoded.
std::map<std::string, std::string> files_of(ConfigKey::Kind kind, const Json& object) {
  std::map<std::string, std::string> files;
  const auto add = [&](std::string_view member, bool encoded) {
    const Json* data = find(object, {member});
    if (data == nullptr) return;
    for (const auto& [key, value] : data->items()) {
      std::string content = value.is_string() ? value.get<std::string>() : "";
      if (encoded) {
        std::string decoded;
        content = base64_decode(content, decoded) ? std::move(decoded) : "";
      }
      files[key] = std::move(content);
    }
  };
  add("data", kind == ConfigKey::Kind::kSecret);
  if (kind == ConfigKey::Kind::kConfigMap) add("binaryData", true);
  return files;
}

mode_t mode_of(const Json& item, mode_t default_mode) {
  return static_cast<mode_t>(integer_at(item, {"mode"}, static_cast<std::int64_t>(default_mode)));
}

// The one user that all containers of the pod run as; nothing when they differ or one leaves it to its image.
std::optional<uid_t> common_user(const Json& pod) {
  std::optional<uid_t> common;
  const Json* of_pod = find(pod, {"spec", "securityContext", "runAsUser"});
  for (const Json* list : {&init_containers_of(pod), &containers_of(pod)}) {
    for (const Json& container : *list) {
      const Json* own = find(container, {"securityContext", "runAsUser"});
      const Json* user = own != nullptr ? own : of_pod;
      if (user == nullptr || (common && *common != user->get<uid_t>())) return std::nullopt;
      common = user->get<uid_t>();
    }
  }
  return common;
}

}  // namespace

mode_t default_mode_of(const Json& source) {
  return static_cast<mode_t>(integer_at(source, {"defaultMode"}, static_cast<std::int64_t>(kDefaultMode)));
}

Result<void> add_config_object(ConfigKey::Kind kind, const std::string& name, const Json& source, mode_t default_mode,
                               const VolumeContext& context, Payload& payload) {
  const bool optional = bool_at(source, {"optional"});
  const bool is_map = kind == ConfigKey::Kind::kConfigMap;
  const auto object = context.configs.find(ConfigKey{kind, api::namespace_of(context.pod), name});
  if (object == context.configs.end() || !object->second) {
    if (optional) return {};
    return Error{ErrorCode::kNotFound, (is_map ? "configmap \"" : "secret \"") + name + "\" not found"};
  }
  std::map<std::string, std::string> files = files_of(kind, *object->second);
  const Json* items = find(source, {"items"});
  if (items == nullptr || items->empty()) {
    for (auto& [key, content] : files) payload[key] = PayloadFile{std::move(content), default_mode, {}};
    return {};
  }
  for (const Json& item : *items) {
    const std::string key = string_at(item, {"key"});
    const auto file = files.find(key);
    if (file == files.end()) {
      if (optional) continue;
      return Error{ErrorCode::kNotFound, (is_map ? "configmap" : "secret") + std::string(" references non-existent ") +
                                             (is_map ? "config" : "secret") + " key: " + key};
    }
    payload[string_at(item, {"path"})] = PayloadFile{file->second, mode_of(item, default_mode), {}};
  }
  return {};
}

Result<void> add_downward_items(const Json& source, mode_t default_mode, const VolumeContext& context,
                                Payload& payload) {
  const Json* items = find(source, {"items"});
  if (items == nullptr) return {};
  for (const Json& item : *items) {
    Result<std::string> value = std::string();
    if (const Json* selector = find(item, {"fieldRef"})) {
      value = downward_field(context.pod, string_at(*selector, {"fieldPath"}), context.facts);
    } else if (const Json* selector = find(item, {"resourceFieldRef"})) {
      const Json* container = find_container(context.pod, string_at(*selector, {"containerName"}));
      if (container == nullptr)
        return Error{ErrorCode::kInvalid, "container " + string_at(*selector, {"containerName"}) + " not found"};
      value = downward_resource(*container, *selector, context.facts);
    }
    if (!value) return value.error();
    payload[string_at(item, {"path"})] = PayloadFile{std::move(*value), mode_of(item, default_mode), {}};
  }
  return {};
}

Result<void> add_token(const Json& source, mode_t default_mode, const VolumeContext& context, Payload& payload) {
  const auto token = context.tokens.find(token_request_of(source));
  if (token == context.tokens.end()) return Error{ErrorCode::kInternal, "no token was asked for"};
  PayloadFile file{token->second, default_mode, common_user(context.pod)};
  // Whoever else runs on the node has no business with it, where the pod says who does.
  if (file.owner || fs_group_of(context.pod)) file.mode = kPrivateMode;
  payload[string_at(source, {"path"})] = std::move(file);
  return {};
}

}  // namespace skiff::nodeagent

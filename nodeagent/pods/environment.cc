#include "nodeagent/pods/environment.h"

#include "api/base/ids.h"
#include "api/quantity.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

// Variables in the order of their first appearance.
class VariableList {
 public:
  void set(const std::string& name, std::string value) {
    const auto [place, added] = places_.emplace(name, variables_.size());
    if (added) {
      variables_.emplace_back(name, std::move(value));
    } else {
      variables_[place->second].second = std::move(value);
    }
  }
  [[nodiscard]] const std::string* find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &variables_[place->second].second;
  }
  [[nodiscard]] Environment take() { return std::move(variables_); }

 private:
  Environment variables_;
  std::map<std::string, std::size_t> places_;
};

struct Lookup {
  const ConfigSnapshot& configs;
  std::string namespace_;

  [[nodiscard]] const Json* find(ConfigKey::Kind kind, const std::string& name) const {
    const auto found = configs.find(ConfigKey{kind, namespace_, name});
    return found == configs.end() ? nullptr : found->second.get();
  }
};

Error object_not_found(ConfigKey::Kind kind, const std::string& name) {
  return Error{ErrorCode::kNotFound,
               (kind == ConfigKey::Kind::kConfigMap ? "configmap \"" : "secret \"") + name + "\" not found"};
}

std::string plain_value(ConfigKey::Kind kind, const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  if (kind == ConfigKey::Kind::kConfigMap) return text;
  std::string decoded;
  return base64_decode(text, decoded) ? decoded : "";
}

// The value of one key; nothing when it is missing and may be.
Result<std::optional<std::string>> key_value(const Lookup& lookup, ConfigKey::Kind kind, const Json& selector) {
  const std::string name = string_at(selector, {"name"});
  const std::string key = string_at(selector, {"key"});
  const bool optional = bool_at(selector, {"optional"});
  const Json* object = lookup.find(kind, name);
  if (object == nullptr) {
    if (optional) return std::optional<std::string>();
    return object_not_found(kind, name);
  }
  if (const Json* value = find(*object, {"data", key})) return std::optional<std::string>(plain_value(kind, *value));
  if (optional) return std::optional<std::string>();
  const char* word = kind == ConfigKey::Kind::kConfigMap ? "ConfigMap " : "Secret ";
  return Error{ErrorCode::kNotFound, "couldn't find key " + key + " in " + word + lookup.namespace_ + "/" + name};
}

Result<void> add_all_of(const Lookup& lookup, const Json& source, VariableList& variables) {
  const bool is_map = source.contains("configMapRef");
  const ConfigKey::Kind kind = is_map ? ConfigKey::Kind::kConfigMap : ConfigKey::Kind::kSecret;
  const Json* selector = find(source, {is_map ? "configMapRef" : "secretRef"});
  if (selector == nullptr) return {};
  const std::string name = string_at(*selector, {"name"});
  const Json* object = lookup.find(kind, name);
  if (object == nullptr) {
    if (bool_at(*selector, {"optional"})) return {};
    return object_not_found(kind, name);
  }
  const Json* data = find(*object, {"data"});
  if (data == nullptr) return {};
  const std::string prefix = string_at(source, {"prefix"});
  for (const auto& [key, value] : data->items()) variables.set(prefix + key, plain_value(kind, value));
  return {};
}

Result<std::optional<std::string>> value_from(const Json& pod, const Json& container, const Json& source,
                                              const Lookup& lookup, const DownwardFacts& facts) {
  if (const Json* selector = find(source, {"configMapKeyRef"}))
    return key_value(lookup, ConfigKey::Kind::kConfigMap, *selector);
  if (const Json* selector = find(source, {"secretKeyRef"}))
    return key_value(lookup, ConfigKey::Kind::kSecret, *selector);
  Result<std::string> value = std::string();
  if (const Json* selector = find(source, {"fieldRef"})) {
    value = downward_field(pod, string_at(*selector, {"fieldPath"}), facts);
  } else if (const Json* selector = find(source, {"resourceFieldRef"})) {
    const std::string other = string_at(*selector, {"containerName"});
    const Json* owner = other.empty() ? &container : find_container(pod, other);
    if (owner == nullptr) return Error{ErrorCode::kInvalid, "container " + other + " not found"};
    value = downward_resource(*owner, *selector, facts);
  }
  if (!value) return value.error();
  return std::optional<std::string>(std::move(*value));
}

// "metadata.labels['app']" -> ("metadata.labels", "app").
std::pair<std::string, std::string> split_subscript(const std::string& path) {
  const std::size_t open = path.find("['");
  if (open == std::string::npos || !path.ends_with("']")) return {path, ""};
  return {path.substr(0, open), path.substr(open + 2, path.size() - open - 4)};
}

// Each as the kubelet writes maps into files and variables: name="value" per line.
std::string map_text(const Json* map) {
  std::string text;
  if (map == nullptr) return text;
  for (const auto& [name, value] : map->items()) {
    if (!text.empty()) text += "\n";
    text += name + "=" + to_json_text(value);
  }
  return text;
}

}  // namespace

std::string expand_variables(std::string_view text,
                             const std::function<const std::string*(const std::string&)>& lookup) {
  std::string expanded;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '$' || i + 1 == text.size()) {
      expanded += text[i++];
    } else if (text[i + 1] == '$') {
      expanded += '$';
      i += 2;
    } else if (const std::size_t close = text[i + 1] == '(' ? text.find(')', i) : std::string_view::npos;
               close != std::string_view::npos) {
      const std::string name(text.substr(i + 2, close - i - 2));
      const std::string* value = lookup(name);
      expanded += value != nullptr ? *value : "$(" + name + ")";
      i = close + 1;
    } else {
      expanded += text[i++];
    }
  }
  return expanded;
}

Result<std::string> downward_field(const Json& pod, const std::string& path, const DownwardFacts& facts) {
  const auto [field, subscript] = split_subscript(path);
  if (field == "metadata.labels" || field == "metadata.annotations") {
    const std::string member = field.substr(std::string_view("metadata.").size());
    if (subscript.empty()) return map_text(find(pod, {"metadata", member}));
    return string_at(pod, {"metadata", member, subscript});
  }
  if (path == "metadata.name" || path == "metadata.namespace" || path == "metadata.uid") {
    return string_at(pod, {"metadata", path.substr(std::string_view("metadata.").size())});
  }
  if (path == "spec.nodeName" || path == "spec.serviceAccountName") {
    return string_at(pod, {"spec", path.substr(std::string_view("spec.").size())});
  }
  if (path == "status.hostIP" || path == "status.hostIPs") return facts.host_ip;
  if (path == "status.podIP" || path == "status.podIPs") return facts.pod_ip;
  return Error{ErrorCode::kInvalid, "unsupported fieldPath: " + path};
}

Result<std::string> downward_resource(const Json& container, const Json& selector, const DownwardFacts& facts) {
  const std::string resource = string_at(selector, {"resource"});
  const std::size_t dot = resource.find('.');
  const std::string list = resource.substr(0, dot);
  const std::string name = dot == std::string::npos ? "" : resource.substr(dot + 1);
  const bool is_cpu = name == "cpu";
  if ((list != "limits" && list != "requests") || name.empty()) {
    return Error{ErrorCode::kInvalid, "unsupported container resource : " + resource};
  }
  std::string text = string_at(container, {"resources", list, name});
  // Upstream's request falls back to nothing, a limit to what the node has.
  const auto amount = api::Quantity::parse(text);
  const auto divisor = api::Quantity::parse(string_at(selector, {"divisor"}, "1"));
  const bool has_divisor = divisor && !divisor->is_zero();
  if (is_cpu) {
    const std::int64_t fallback = list == "limits" ? facts.capacity.cpu_milli : 0;
    const std::int64_t milli = amount ? amount->milli_value() : fallback;
    const std::int64_t unit = has_divisor ? divisor->milli_value() : 1000;
    return std::to_string((milli + unit - 1) / unit);
  }
  const std::int64_t node = name == "memory" ? facts.capacity.memory_bytes : facts.capacity.ephemeral_storage_bytes;
  const std::int64_t bytes = amount ? amount->value() : (list == "limits" ? node : 0);
  const std::int64_t unit = has_divisor ? divisor->value() : 1;
  return std::to_string((bytes + unit - 1) / unit);
}

Result<Environment> make_environment(const Json& pod, const Json& container, const ConfigSnapshot& configs,
                                     const DownwardFacts& facts) {
  const Lookup lookup{configs, api::key_of(pod).namespace_};
  VariableList variables;
  if (const Json* sources = find(container, {"envFrom"})) {
    for (const Json& source : *sources) {
      if (const auto added = add_all_of(lookup, source, variables); !added) return added.error();
    }
  }
  if (const Json* literals = find(container, {"env"})) {
    for (const Json& variable : *literals) {
      const std::string name = string_at(variable, {"name"});
      if (const Json* source = find(variable, {"valueFrom"})) {
        auto value = value_from(pod, container, *source, lookup, facts);
        if (!value) return value.error();
        if (*value) variables.set(name, std::move(**value));
        continue;
      }
      const auto earlier = [&variables](const std::string& other) { return variables.find(other); };
      variables.set(name, expand_variables(string_at(variable, {"value"}), earlier));
    }
  }
  return variables.take();
}

}  // namespace skiff::nodeagent

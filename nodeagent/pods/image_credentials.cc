#include "nodeagent/pods/image_credentials.h"

#include "api/base/ids.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

// "https://index.docker.io/v1/" and "docker.io" name the same registry.
std::string normalized_registry(std::string text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) text.erase(0, scheme.size());
  }
  text = text.substr(0, text.find('/'));
  return text == "index.docker.io" || text == "registry-1.docker.io" ? "docker.io" : text;
}

std::optional<RegistryCredentials> credentials_of(const Json& entry) {
  RegistryCredentials credentials{string_at(entry, {"username"}), string_at(entry, {"password"})};
  if (!credentials.username.empty()) return credentials;
  std::string plain;
  if (!base64_decode(string_at(entry, {"auth"}), plain)) return std::nullopt;
  const std::size_t colon = plain.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return RegistryCredentials{plain.substr(0, colon), plain.substr(colon + 1)};
}

// The registries of a secret: the "auths" of a docker configuration, or the whole of the old format.
Json registries_of(const Json& secret) {
  std::string text;
  if (base64_decode(string_at(secret, {"data", ".dockerconfigjson"}), text) && !text.empty()) {
    const auto parsed = parse_json(text);
    const Json* auths = parsed ? find(parsed->value, {"auths"}) : nullptr;
    return auths != nullptr ? *auths : Json::object();
  }
  if (base64_decode(string_at(secret, {"data", ".dockercfg"}), text) && !text.empty()) {
    const auto parsed = parse_json(text);
    if (parsed) return parsed->value;
  }
  return Json::object();
}

}  // namespace

RegistryCredentials image_credentials(const Json& pod, const std::string& image, const ConfigSnapshot& configs) {
  const Json* names = find(pod, {"spec", "imagePullSecrets"});
  const auto reference = ImageReference::parse(image);
  if (names == nullptr || !reference) return {};
  for (const Json& name : *names) {
    const auto secret =
        configs.find(ConfigKey{ConfigKey::Kind::kSecret, api::key_of(pod).namespace_, string_at(name, {"name"})});
    if (secret == configs.end() || !secret->second) continue;
    const Json registries = registries_of(*secret->second);
    if (!registries.is_object()) continue;
    for (const auto& [registry, entry] : registries.items()) {
      if (normalized_registry(registry) != reference->registry) continue;
      if (auto credentials = credentials_of(entry)) return *credentials;
    }
  }
  return {};
}

}  // namespace skiff::nodeagent

#include "api/views/static_pods.h"

#include "api/views/meta.h"

#include <algorithm>
#include <functional>

namespace skiff::api {

namespace {

const Json& elements(const Json& object, std::initializer_list<std::string_view> path) {
  static const Json kNone = Json::array();
  const Json* found = find(object, path);
  return found != nullptr && found->is_array() ? *found : kNone;
}

bool any_of(const Json& list, const std::function<bool(const Json&)>& holds) {
  return std::any_of(list.begin(), list.end(), holds);
}

// Whether a variable, or all of a container's environment, comes from an object of that kind: "secret" or "configMap".
bool environment_refers_to(const Json& pod, const std::string& kind) {
  const std::string key = kind + "KeyRef";
  const std::string whole = kind + "Ref";
  for (const char* containers : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Json& container : elements(pod, {"spec", containers})) {
      const auto takes_key = [&key](const Json& variable) { return find(variable, {"valueFrom", key}) != nullptr; };
      if (any_of(elements(container, {"env"}), takes_key)) return true;
      const auto takes_all = [&whole](const Json& source) { return find(source, {whole}) != nullptr; };
      if (any_of(elements(container, {"envFrom"}), takes_all)) return true;
    }
  }
  return false;
}

bool is_projected(const Json& volume, const char* source) {
  return any_of(elements(volume, {"projected", "sources"}),
                [source](const Json& element) { return element.contains(source); });
}

bool volume_shows(const Json& volume, const char* kind) { return volume.contains(kind) || is_projected(volume, kind); }

// Also the Secrets with the credentials of a storage.
bool volume_needs_secret(const Json& volume) {
  if (volume_shows(volume, "secret") || volume.contains("azureFile")) return true;
  if (find(volume, {"csi", "nodePublishSecretRef"}) != nullptr) return true;
  for (const char* storage : {"cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"}) {
    if (find(volume, {storage, "secretRef"}) != nullptr) return true;
  }
  return false;
}

void add_volume_kinds(const Json& volume, std::vector<std::string>& kinds) {
  if (volume.contains("csi")) kinds.emplace_back("csidrivers (via CSI volumes)");
  if (volume.contains("glusterfs")) kinds.emplace_back("endpoints (via glusterFS volumes)");
  if (volume.contains("persistentVolumeClaim")) kinds.emplace_back("persistentvolumeclaims");
  if (volume.contains("ephemeral")) kinds.emplace_back("persistentvolumeclaims (via ephemeral volumes)");
  if (is_projected(volume, "serviceAccountToken")) kinds.emplace_back("serviceaccounts (via projected volumes)");
  if (is_projected(volume, "clusterTrustBundle")) kinds.emplace_back("clustertrustbundles");
}

}  // namespace

bool is_mirror_pod(const Json& pod) { return annotation_of(pod, kConfigMirrorAnnotation) != nullptr; }

std::vector<std::string> referenced_resources(const Json& pod) {
  std::vector<std::string> kinds;
  if (!string_at(pod, {"spec", "serviceAccountName"}).empty()) kinds.emplace_back("serviceaccounts");
  const Json& volumes = elements(pod, {"spec", "volumes"});
  const bool secrets = !elements(pod, {"spec", "imagePullSecrets"}).empty() || environment_refers_to(pod, "secret") ||
                       any_of(volumes, volume_needs_secret);
  if (secrets) kinds.emplace_back("secrets");
  const auto shows_config_map = [](const Json& volume) { return volume_shows(volume, "configMap"); };
  if (environment_refers_to(pod, "configMap") || any_of(volumes, shows_config_map)) kinds.emplace_back("configmaps");
  if (!elements(pod, {"spec", "resourceClaims"}).empty()) kinds.emplace_back("resourceclaims");
  for (const Json& volume : volumes) add_volume_kinds(volume, kinds);
  std::vector<std::string> distinct;
  for (std::string& kind : kinds) {
    if (std::find(distinct.begin(), distinct.end(), kind) == distinct.end()) distinct.push_back(std::move(kind));
  }
  return distinct;
}

}  // namespace skiff::api

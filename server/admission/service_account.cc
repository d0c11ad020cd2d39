#include "api/base/ids.h"
#include "api/views/pod.h"
#include "api/views/static_pods.h"
#include "server/admission/plugins.h"
#include "server/registry/registry.h"

#include <algorithm>

namespace skiff::server {

bool creates_pod(const AdmissionRequest& request) {
  return request.operation == AdmissionRequest::Operation::kCreate && request.kind.kind == "Pod" &&
         request.subresource.empty();
}

namespace {

// Where clients in a pod look for their credentials, and how the volume with them is called.
constexpr const char* kTokenDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr const char* kTokenVolumePrefix = "kube-api-access-";
// Upstream's hour and a bit, by which a token in use can be told from one asked for by hand.
constexpr int kTokenSeconds = 3607;
constexpr int kTokenMode = 0644;

bool wants_token(const Json& pod_spec, const Json& account) {
  if (const Json* of_pod = find(pod_spec, {"automountServiceAccountToken"})) return *of_pod == true;
  const Json* of_account = find(account, {"automountServiceAccountToken"});
  return of_account == nullptr || *of_account == true;
}

Json token_volume(const std::string& name) {
  const Json token{{"serviceAccountToken", {{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}};
  const Json certificate{
      {"configMap",
       {{"name", "kube-root-ca.crt"}, {"items", Json::array({Json{{"key", "ca.crt"}, {"path", "ca.crt"}}})}}}};
  const Json field{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}};
  const Json namespace_{{"downwardAPI", {{"items", Json::array({Json{{"path", "namespace"}, {"fieldRef", field}}})}}}};
  return Json{{"name", name},
              {"projected", {{"defaultMode", kTokenMode}, {"sources", Json::array({token, certificate, namespace_})}}}};
}

// The name of the volume with credentials that a pod brings along; "" when it has none.
std::string token_volume_name(const Json& spec) {
  const Json* volumes = find(spec, {"volumes"});
  if (volumes == nullptr) return "";
  const auto found = std::find_if(volumes->begin(), volumes->end(), [](const Json& volume) {
    return string_at(volume, {"name"}).starts_with(kTokenVolumePrefix);
  });
  return found == volumes->end() ? "" : string_at(*found, {"name"});
}

// Mounts the account's credentials into every container that has nothing else in their place.
void mount_token(Json& spec) {
  std::string name = token_volume_name(spec);
  const bool has_volume = !name.empty();
  if (!has_volume) name = kTokenVolumePrefix + random_suffix();

  bool is_used = false;
  for (const char* list : {"initContainers", "containers"}) {
    if (!spec.contains(list)) continue;
    for (Json& container : spec[list]) {
      if (api::mounts_at(container, kTokenDirectory)) continue;
      container["volumeMounts"].push_back(Json{{"name", name}, {"readOnly", true}, {"mountPath", kTokenDirectory}});
      is_used = true;
    }
  }
  if (is_used && !has_volume) spec["volumes"].push_back(token_volume(name));
}

// A mirror pod is left as it is, since its node would not know it again; and what it shows runs without the API.
api::Result<void> check_mirror_pod(const AdmissionRequest& request, const Json& pod) {
  static constexpr std::pair<const char*, const char*> kRefused[] = {
      {"serviceaccounts", "a mirror pod may not reference service accounts"},
      {"secrets", "a mirror pod may not reference secrets"},
      {"serviceaccounts (via projected volumes)", "a mirror pod may not use ServiceAccountToken volume projections"}};
  const std::vector<std::string> references = api::referenced_resources(pod);
  for (const auto& [kind, why] : kRefused) {
    if (std::find(references.begin(), references.end(), kind) != references.end()) return refusal(request, pod, why);
  }
  return {};
}

class ServiceAccount final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    if (!creates_pod(request)) return {};
    if (api::is_mirror_pod(*object)) return check_mirror_pod(request, *object);
    Json& spec = (*object)["spec"];
    std::string name = string_at(spec, {"serviceAccountName"});
    if (name.empty()) name = "default";
    spec["serviceAccountName"] = spec["serviceAccount"] = name;

    const api::NamespacedName key{request.name.namespace_, name};
    const ServedKind accounts = registry.kinds().find(api::kServiceAccounts);
    const auto record = registry.get(accounts, key);
    if (!record) {
      return refusal(
          request, *object,
          "error looking up service account " + key.to_string() + ": " + "serviceaccount \"" + name + "\" not found");
    }
    const api::Result<api::ObjectPtr> account = registry.object(accounts, *record);
    if (!account) return account.error();
    const Json* secrets = find(**account, {"imagePullSecrets"});
    if (secrets != nullptr && !secrets->empty() && !spec.contains("imagePullSecrets")) {
      spec["imagePullSecrets"] = *secrets;
    }
    if (wants_token(spec, **account)) mount_token(spec);
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> service_account() { return std::make_unique<ServiceAccount>(); }

}  // namespace skiff::server

#include "server/admission/plugins.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

namespace skiff::server {

bool creates_pod(const AdmissionRequest& request) {
  return request.operation == AdmissionRequest::Operation::kCreate && request.kind.kind == "Pod" &&
         request.subresource.empty();
}

namespace {

class ServiceAccount final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    if (!creates_pod(request)) return {};
    Json& spec = (*object)["spec"];
    std::string name = string_at(spec, {"serviceAccountName"});
    if (name.empty()) name = "default";
    spec["serviceAccountName"] = spec["serviceAccount"] = name;

    const api::NamespacedName key{request.name.namespace_, name};
    const auto record = registry.get(registry.kinds().find(api::kServiceAccounts), key);
    if (!record) {
      return refusal(
          request, *object,
          "error looking up service account " + key.to_string() + ": " + "serviceaccount \"" + name + "\" not found");
    }
    const auto account = to_document(**record);
    if (!account) return account.error();
    const Json* secrets = find(*account, {"imagePullSecrets"});
    if (secrets != nullptr && !secrets->empty() && !spec.contains("imagePullSecrets")) {
      spec["imagePullSecrets"] = *secrets;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> service_account() { return std::make_unique<ServiceAccount>(); }

}  // namespace skiff::server

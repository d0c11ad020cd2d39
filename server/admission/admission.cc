#include "server/admission/admission.h"

#include "server/admission/plugins.h"

namespace skiff::server {

api::Result<void> AdmissionPlugin::mutate(const AdmissionRequest&, Json*, const Registry&) const { return {}; }

api::Result<void> AdmissionPlugin::check(const AdmissionRequest&, const Json*, const Registry&) const { return {}; }

api::Result<void> AdmissionPlugin::charge(const RecordChange&, const Registry&, std::vector<store::Write>&) const {
  return {};
}

api::Status refusal(const AdmissionRequest& request, const Json& object, const std::string& why) {
  std::string name = request.name.name;
  if (name.empty()) name = string_at(object, {"metadata", "generateName"});
  return api::forbidden(request.kind.group(), request.kind.plural, name, why);
}

AdmissionChain default_admission(const AdmissionOptions& options) {
  AdmissionChain chain;
  chain.push_back(namespace_lifecycle());
  chain.push_back(limit_ranger());
  chain.push_back(service_account());
  chain.push_back(node_restriction());
  chain.push_back(priority());
  chain.push_back(default_toleration_seconds(options));
  chain.push_back(default_storage_class());
  chain.push_back(storage_object_in_use_protection());
  chain.push_back(persistent_volume_claim_resize());
  chain.push_back(default_ingress_class());
  chain.push_back(resource_quota());
  return chain;
}

}  // namespace skiff::server

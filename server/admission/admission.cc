#include "server/admission/admission.h"

#include "server/admission/plugins.h"

namespace skiff::server {

api::Result<void> AdmissionPlugin::mutate(const AdmissionRequest&, Json*, const Registry&) const { return {}; }

api::Result<void> AdmissionPlugin::check(const AdmissionRequest&, const Json*, const Registry&) const { return {}; }

api::Result<void> AdmissionPlugin::charge(const RecordChange&, const Registry&, std::vector<store::Write>&) const {
  return {};
}

AdmissionChain default_admission(const AdmissionOptions& options) {
  AdmissionChain chain;
  chain.push_back(namespace_lifecycle());
  chain.push_back(service_account());
  chain.push_back(priority());
  chain.push_back(default_toleration_seconds(options));
  chain.push_back(default_storage_class());
  chain.push_back(storage_object_in_use_protection());
  chain.push_back(persistent_volume_claim_resize());
  chain.push_back(default_ingress_class());
  return chain;
}

}  // namespace skiff::server

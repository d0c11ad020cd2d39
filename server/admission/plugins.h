#pragma once

#include "server/admission/admission.h"

// The built-in plugins, each in a file of its own.
namespace skiff::server {

// Objects are created only in namespaces that exist and are not being deleted; those that every cluster needs stay.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> namespace_lifecycle();
// Pods run as a ServiceAccount that exists ("default" when they name none), inherit its image pull secrets, and find
// its token in /var/run/secrets/kubernetes.io/serviceaccount unless they or the account say otherwise. Mirror pods run
// as none.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> service_account();
// Nodes create no pods but mirrors of their own static ones.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> node_restriction();
// Pods get the number behind their priorityClassName.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> priority();
// Pods get the defaults of their namespace's LimitRanges, and stay, as claims do, within their bounds.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> limit_ranger();
// What a namespace's ResourceQuotas count stays within them.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> resource_quota();
// Pods stay for a while on nodes that stop being ready or reachable.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> default_toleration_seconds(const AdmissionOptions& options);

// Claims without a class get the default one, if there is one.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> default_storage_class();
// Volumes and claims get the finalizer that keeps them while they are used.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> storage_object_in_use_protection();
// Claims grow only where their class allows it.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> persistent_volume_claim_resize();
// Ingresses without a class get the default one, if there is one.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> default_ingress_class();

// Whether the request makes a pod.
[[nodiscard]] bool creates_pod(const AdmissionRequest& request);

// The answer to a write of `object` that is not allowed. One that has no name yet is called by its generateName.
[[nodiscard]] api::Status refusal(const AdmissionRequest& request, const Json& object, const std::string& why);

}  // namespace skiff::server

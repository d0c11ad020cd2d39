#pragma once

#include "server/admission/admission.h"

// The built-in plugins, each in a file of its own.
namespace skiff::server {

// Objects are created only in namespaces that exist and are not being deleted; those that every cluster needs stay.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> namespace_lifecycle();
// Pods run as a ServiceAccount that exists ("default" when they name none) and inherit its image pull secrets.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> service_account();
// Pods get the number behind their priorityClassName.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> priority();
// Pods stay for a while on nodes that stop being ready or reachable.
[[nodiscard]] std::unique_ptr<const AdmissionPlugin> default_toleration_seconds(const AdmissionOptions& options);

// Whether the request makes a pod.
[[nodiscard]] bool creates_pod(const AdmissionRequest& request);

}  // namespace skiff::server

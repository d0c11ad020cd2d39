#include "server/admission/plugins.h"
#include "server/registry/registry.h"

namespace skiff::server {

namespace {

bool is_undeletable(const std::string& name) {
  return name == "default" || name == "kube-system" || name == "kube-public";
}

api::Status terminating(const AdmissionRequest& request) {
  const std::string& namespace_ = request.name.namespace_;
  api::Status status =
      api::forbidden(request.kind.group(), request.kind.plural, request.name.name,
                     "unable to create new content in namespace " + namespace_ + " because it is being terminated");
  status.causes.push_back(api::StatusCause{"NamespaceTerminating", "namespace " + namespace_ + " is being terminated",
                                           "metadata.namespace"});
  return status;
}

class NamespaceLifecycle final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json*,
                                         const Registry& registry) const override {
    using Operation = AdmissionRequest::Operation;
    if (!request.kind.namespaced) {
      if (request.operation == Operation::kDelete && request.kind.kind == "Namespace" &&
          is_undeletable(request.name.name)) {
        return api::forbidden("", "namespaces", request.name.name, "this namespace may not be deleted");
      }
      return {};
    }
    if (request.operation != Operation::kCreate) return {};
    const ServedKind namespaces = registry.kinds().find(api::kNamespaces);
    const auto record = registry.get(namespaces, api::NamespacedName{"", request.name.namespace_});
    if (!record) return record.error();
    const auto object = registry.object(namespaces, *record);
    if (!object) return object.error();
    if (string_at(**object, {"status", "phase"}) == "Terminating") return terminating(request);
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> namespace_lifecycle() { return std::make_unique<NamespaceLifecycle>(); }

}  // namespace skiff::server

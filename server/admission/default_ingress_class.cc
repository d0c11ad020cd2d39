#include "api/views/meta.h"
#include "server/admission/default_class.h"
#include "server/admission/plugins.h"
#include "server/registry/kinds/kinds.h"

namespace skiff::server {

namespace {

constexpr const char* kIsDefault = "ingressclass.kubernetes.io/is-default-class";

class DefaultIngressClass final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    const bool creates_ingress = request.operation == AdmissionRequest::Operation::kCreate &&
                                 request.kind.kind == api::kIngresses.kind && request.subresource.empty();
    if (!creates_ingress) return {};
    Json& spec = (*object)["spec"];
    const bool has_class =
        spec.contains("ingressClassName") || api::annotation_of(*object, kIngressClassAnnotation) != nullptr;
    if (has_class) return {};
    const auto name = find_default_class(registry, api::kIngressClasses, {kIsDefault});
    if (!name) return name.error();
    if (*name) spec["ingressClassName"] = **name;
    return {};
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> default_ingress_class() { return std::make_unique<DefaultIngressClass>(); }

}  // namespace skiff::server

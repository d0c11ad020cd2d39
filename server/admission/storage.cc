#include "api/quantity.h"
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "server/admission/default_class.h"
#include "server/admission/plugins.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

// The plugins about volumes and claims.
namespace skiff::server {

namespace {

using Operation = AdmissionRequest::Operation;

bool concerns(const AdmissionRequest& request, Operation operation, const api::ResourceType& type) {
  return request.operation == operation && request.kind.kind == type.kind && request.subresource.empty();
}

class DefaultStorageClass final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    if (!concerns(request, Operation::kCreate, api::kPersistentVolumeClaims)) return {};
    Json& spec = (*object)["spec"];
    if (spec.contains("storageClassName") || api::annotation_of(*object, api::kStorageClassAnnotation) != nullptr)
      return {};
    const auto name = find_default_class(
        registry, api::kStorageClasses,
        {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"});
    if (!name) return name.error();
    if (*name) spec["storageClassName"] = **name;
    return {};
  }
};

class StorageObjectInUseProtection final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry&) const override {
    if (concerns(request, Operation::kCreate, api::kPersistentVolumes)) add(*object, "kubernetes.io/pv-protection");
    if (concerns(request, Operation::kCreate, api::kPersistentVolumeClaims)) {
      add(*object, "kubernetes.io/pvc-protection");
    }
    return {};
  }

 private:
  static void add(Json& object, const char* finalizer) {
    if (api::has_finalizer(object, finalizer)) return;
    object["metadata"]["finalizers"].push_back(finalizer);
  }
};

class PersistentVolumeClaimResize final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> check(const AdmissionRequest& request, const Json* object,
                                        const Registry& registry) const override {
    if (!concerns(request, Operation::kUpdate, api::kPersistentVolumeClaims)) return {};
    if (size_of(*object) <= size_of(*request.old_object) || allows_expansion(*object, registry)) return {};
    return api::forbidden("", request.kind.plural, request.name.name,
                          "only dynamically provisioned pvc can be resized and the storageclass that provisions the "
                          "pvc must support resize");
  }

 private:
  static api::Quantity size_of(const Json& claim) {
    const std::string text = string_at(claim, {"spec", "resources", "requests", "storage"});
    return api::Quantity::parse(text).value_or(api::Quantity());
  }

  static bool allows_expansion(const Json& claim, const Registry& registry) {
    const std::string* annotated = api::annotation_of(claim, api::kStorageClassAnnotation);
    const std::string name = annotated != nullptr ? *annotated : string_at(claim, {"spec", "storageClassName"});
    if (name.empty()) return false;
    const auto record = registry.get(registry.kinds().find(api::kStorageClasses), {"", name});
    const auto storage_class = record ? to_document(**record) : api::Result<Json>(record.error());
    return storage_class && bool_at(*storage_class, {"allowVolumeExpansion"});
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> default_storage_class() { return std::make_unique<DefaultStorageClass>(); }

std::unique_ptr<const AdmissionPlugin> storage_object_in_use_protection() {
  return std::make_unique<StorageObjectInUseProtection>();
}

std::unique_ptr<const AdmissionPlugin> persistent_volume_claim_resize() {
  return std::make_unique<PersistentVolumeClaimResize>();
}

}  // namespace skiff::server

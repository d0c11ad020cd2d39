// The claims' half of VolumeBinder.
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/volumes/volume_binder.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

bool is_default(const Json& storage_class) {
  for (const char* name :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    const std::string* value = api::annotation_of(storage_class, name);
    if (value != nullptr && *value == "true") return true;
  }
  return false;
}

}  // namespace

Task<api::Result<void>> VolumeBinder::sync_claim(ObjectPtr claim) {
  if (api::annotation_of(*claim, api::kBindCompleted) != nullptr) co_return co_await sync_bound_claim(claim);
  if (!string_at(*claim, {"spec", "volumeName"}).empty()) co_return co_await sync_claim_of_named_volume(claim);
  if (api::is_terminating(*claim)) co_return api::Result<void>();
  co_return co_await sync_unbound_claim(claim);
}

Task<api::Result<void>> VolumeBinder::sync_unbound_claim(ObjectPtr claim) {
  const ObjectPtr volume = api::find_volume(*claim, volumes_.cache().list(), waits_for_consumer(*claim));
  if (volume) co_return co_await bind(volume, claim);
  if (const std::string name = default_class(); !name.empty() && api::lacks_storage_class(*claim)) {
    Json updated = *claim;
    updated["spec"]["storageClassName"] = name;
    const api::WriteOptions options;
    const auto written = co_await client_.update(api::kPersistentVolumeClaims, std::move(updated), options);
    if (!written) co_return written.error();
    co_return api::Result<void>();  // comes again as an event
  }
  report_unbound(*claim);
  co_return co_await write_claim_phase(claim, "Pending");
}

Task<api::Result<void>> VolumeBinder::sync_claim_of_named_volume(ObjectPtr claim) {
  const std::string name = string_at(*claim, {"spec", "volumeName"});
  const ObjectPtr volume = volumes_.cache().get({"", name});
  if (!volume) co_return co_await write_claim_phase(claim, "Pending");
  if (api::is_reserved_for(*volume, *claim)) co_return co_await bind(volume, claim);
  if (find(*volume, {"spec", "claimRef"}) != nullptr) {
    events_.warning(*claim, "FailedBinding", "volume \"" + name + "\" already bound to a different claim.");
    co_return co_await write_claim_phase(claim, "Pending");
  }
  const std::string why = api::why_unsuitable(*volume, *claim);
  if (why.empty()) co_return co_await bind(volume, claim);
  events_.warning(*claim, "VolumeMismatch", "Cannot bind to requested volume \"" + name + "\": " + why);
  co_return co_await write_claim_phase(claim, "Pending");
}

Task<api::Result<void>> VolumeBinder::sync_bound_claim(ObjectPtr claim) {
  const std::string name = string_at(*claim, {"spec", "volumeName"});
  if (name.empty()) {
    co_return co_await lose_claim(claim, "ClaimLost",
                                  "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  }
  const ObjectPtr volume = volumes_.cache().get({"", name});
  if (!volume) {
    co_return co_await lose_claim(claim, "ClaimLost",
                                  "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  }
  const bool is_free = find(*volume, {"spec", "claimRef"}) == nullptr;
  if (is_free || api::is_reserved_for(*volume, *claim)) co_return co_await bind(volume, claim);
  co_return co_await lose_claim(claim, "ClaimMisbound",
                                "Two claims are bound to the same volume, this one is bound incorrectly");
}

bool VolumeBinder::waits_for_consumer(const Json& claim) const {
  const std::string name = api::storage_class_of(claim);
  if (name.empty() || api::annotation_of(claim, api::kSelectedNode) != nullptr) return false;
  const ObjectPtr storage_class = classes_.cache().get({"", name});
  return storage_class && string_at(*storage_class, {"volumeBindingMode"}) == "WaitForFirstConsumer";
}

void VolumeBinder::report_unbound(const Json& claim) {
  if (waits_for_consumer(claim)) {
    std::string waiting;
    for (const ObjectPtr& pod : pods_.cache().by_index(api::kByClaim, key_text(claim))) {
      if (api::node_name_of(*pod).empty()) waiting += (waiting.empty() ? "" : ",") + api::name_of(*pod);
    }
    if (waiting.empty()) {
      return events_.normal(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    }
    return events_.normal(claim, "WaitForPodScheduled", "waiting for pod " + waiting + " to be scheduled");
  }
  const std::string name = api::storage_class_of(claim);
  if (name.empty()) {
    return events_.normal(claim, "FailedBinding",
                          "no persistent volumes available for this claim and no storage class is set");
  }
  const ObjectPtr storage_class = classes_.cache().get({"", name});
  if (!storage_class) {
    return events_.warning(claim, "ProvisioningFailed", "storageclass.storage.k8s.io \"" + name + "\" not found");
  }
  const std::string provisioner = string_at(*storage_class, {"provisioner"});
  if (provisioner.starts_with("kubernetes.io/")) {
    return events_.warning(claim, "ProvisioningFailed", "no volume plugin matched name: " + provisioner);
  }
  events_.normal(claim, "ExternalProvisioning",
                 "Waiting for a volume to be created either by the external provisioner '" + provisioner +
                     "' or manually by the system administrator. If volume creation is delayed, please verify that the "
                     "provisioner is running and correctly registered.");
}

// As DefaultStorageClass of admission: of several the one that was created last.
std::string VolumeBinder::default_class() const {
  std::string newest;
  std::string newest_time;
  for (const ObjectPtr& storage_class : classes_.cache().list()) {
    if (!is_default(*storage_class)) continue;
    std::string time = string_at(*storage_class, {"metadata", "creationTimestamp"});
    if (!newest.empty() && time <= newest_time) continue;
    newest = api::name_of(*storage_class);
    newest_time = std::move(time);
  }
  return newest;
}

Task<api::Result<void>> VolumeBinder::lose_claim(ObjectPtr claim, const char* reason, const char* message) {
  if (string_at(*claim, {"status", "phase"}) == "Lost") co_return api::Result<void>();
  const api::Result<void> written = co_await write_claim_phase(claim, "Lost");
  if (written) events_.warning(*claim, reason, message);
  co_return written;
}

// Without a volume a claim has neither modes nor capacity.
Task<api::Result<void>> VolumeBinder::write_claim_phase(ObjectPtr claim, const char* phase) {
  Json updated = *claim;
  Json& status = updated["status"];
  status["phase"] = phase;
  status.erase("accessModes");
  status.erase("capacity");
  if (updated == *claim) co_return api::Result<void>();
  api::WriteOptions options;
  options.subresource = "status";
  const auto written = co_await client_.update(api::kPersistentVolumeClaims, std::move(updated), options);
  if (!written) co_return written.error();
  co_return api::Result<void>();
}

Task<api::Result<void>> VolumeBinder::bind(ObjectPtr volume, ObjectPtr claim) {
  const api::Result<ObjectPtr> reserved = co_await reserve(volume, claim);
  if (!reserved) co_return reserved.error();
  const api::Result<void> marked = co_await write_volume_phase(*reserved, "Bound", kNoMessage);
  if (!marked) co_return marked.error();
  co_return co_await complete(*reserved, claim);
}

Task<api::Result<ObjectPtr>> VolumeBinder::reserve(ObjectPtr volume, ObjectPtr claim) {
  const std::string uid = api::uid_of(*claim);
  if (string_at(*volume, {"spec", "claimRef", "uid"}) == uid) co_return volume;
  Json updated = *volume;
  const bool was_kept = find(*volume, {"spec", "claimRef"}) != nullptr;
  if (!was_kept) updated["metadata"]["annotations"][api::kBoundByController] = "yes";
  updated["spec"]["claimRef"] = {{"apiVersion", "v1"},
                                 {"kind", "PersistentVolumeClaim"},
                                 {"namespace", api::namespace_of(*claim)},
                                 {"name", api::name_of(*claim)},
                                 {"uid", uid},
                                 {"resourceVersion", api::resource_version_of(*claim)}};
  const api::WriteOptions options;
  co_return co_await client_.update(api::kPersistentVolumes, std::move(updated), options);
}

Task<api::Result<void>> VolumeBinder::complete(ObjectPtr volume, ObjectPtr claim) {
  Json updated = *claim;
  const bool had_no_volume = string_at(updated, {"spec", "volumeName"}).empty();
  Json& annotations = updated["metadata"]["annotations"];
  if (had_no_volume) annotations[api::kBoundByController] = "yes";
  annotations[api::kBindCompleted] = "yes";
  updated["spec"]["volumeName"] = api::name_of(*volume);
  ObjectPtr bound = claim;
  if (updated != *claim) {
    const api::WriteOptions options;
    const auto written = co_await client_.update(api::kPersistentVolumeClaims, std::move(updated), options);
    if (!written) co_return written.error();
    bound = *written;
  }
  Json with_status = *bound;
  Json& status = with_status["status"];
  status["phase"] = "Bound";
  status["accessModes"] = volume->at("spec").value("accessModes", Json::array());
  status["capacity"] = volume->at("spec").value("capacity", Json::object());
  if (with_status == *bound) co_return api::Result<void>();
  api::WriteOptions options;
  options.subresource = "status";
  const auto written = co_await client_.update(api::kPersistentVolumeClaims, std::move(with_status), options);
  if (!written) co_return written.error();
  co_return api::Result<void>();
}

}  // namespace skiff::controllers

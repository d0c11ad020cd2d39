// The volumes' half of VolumeBinder.
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "server/controllers/volumes/volume_binder.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

Task<api::Result<void>> VolumeBinder::sync_volume(ObjectPtr volume) {
  const bool is_bound = !string_at(*volume, {"spec", "claimRef", "uid"}).empty();
  // Free, or kept for a claim that has not come yet.
  if (!is_bound) co_return co_await write_volume_phase(volume, "Available", kNoMessage);
  const api::Result<ObjectPtr> claim = co_await claim_of(volume);
  if (!claim) co_return claim.error();
  if (!*claim) co_return co_await release(volume);
  const std::string chosen = string_at(**claim, {"spec", "volumeName"});
  if (chosen == api::name_of(*volume)) co_return co_await write_volume_phase(volume, "Bound", kNoMessage);
  // The binding stopped half way: the claim's sync completes it.
  if (chosen.empty()) co_return api::Result<void>();
  co_return co_await unbind(volume);
}

// Null when it is gone, or another one of that name is there. The cache may be behind, so only the API says so.
Task<api::Result<ObjectPtr>> VolumeBinder::claim_of(ObjectPtr volume) {
  const Json& reference = volume->at("spec").at("claimRef");
  const api::NamespacedName name{string_at(reference, {"namespace"}), string_at(reference, {"name"})};
  const std::string uid = string_at(reference, {"uid"});
  const ObjectPtr known = claims_.cache().get(name);
  if (known && api::uid_of(*known) == uid) co_return known;
  const api::Result<ObjectPtr> live = co_await client_.get(api::kPersistentVolumeClaims, name);
  if (live && api::uid_of(**live) == uid) co_return *live;
  if (!live && live.error().reason != api::Reason::kNotFound) co_return live.error();
  co_return ObjectPtr();
}

Task<api::Result<void>> VolumeBinder::release(ObjectPtr volume) {
  const std::string phase = string_at(*volume, {"status", "phase"});
  if (phase != "Released" && phase != "Failed") {
    const api::Result<void> written = co_await write_volume_phase(volume, "Released", kNoMessage);
    co_return written;  // the event of this write brings the volume back, to be reclaimed
  }
  if (phase == "Released") co_return co_await reclaim(volume);
  co_return api::Result<void>();
}

// What lies on a volume is never deleted here: whoever has provisioned it may do so.
Task<api::Result<void>> VolumeBinder::reclaim(ObjectPtr volume) {
  const std::string policy = string_at(*volume, {"spec", "persistentVolumeReclaimPolicy"}, "Retain");
  const bool has_provisioner = api::annotation_of(*volume, api::kProvisionedBy) != nullptr;
  if (policy == "Retain" || (policy == "Delete" && has_provisioner)) co_return api::Result<void>();
  const bool recycles = policy == "Recycle";
  const std::string message = recycles ? std::string("No recycler plugin found for the volume!")
                                       : "error getting deleter volume plugin for volume \"" + api::name_of(*volume) +
                                             "\": no deletable volume plugin matched";
  const api::Result<void> written = co_await write_volume_phase(volume, "Failed", message);
  if (written) events_.warning(*volume, recycles ? "VolumeFailedRecycle" : "VolumeFailedDelete", message);
  co_return written;
}

// The claim has been bound to another volume: this one is free again, or kept for it as its user has said.
Task<api::Result<void>> VolumeBinder::unbind(ObjectPtr volume) {
  Json updated = *volume;
  Json& annotations = updated["metadata"]["annotations"];
  if (annotations.is_object() && annotations.erase(api::kBoundByController) > 0) {
    updated["spec"].erase("claimRef");
  } else {
    updated["spec"]["claimRef"].erase("uid");
    updated["spec"]["claimRef"].erase("resourceVersion");
  }
  if (annotations.empty()) updated["metadata"].erase("annotations");
  const api::WriteOptions options;
  const auto written = co_await client_.update(api::kPersistentVolumes, std::move(updated), options);
  if (!written) co_return written.error();
  co_return co_await write_volume_phase(*written, "Available", kNoMessage);
}

Task<api::Result<void>> VolumeBinder::write_volume_phase(ObjectPtr volume, const char* phase, std::string message) {
  Json updated = *volume;
  Json& status = updated["status"];
  status["phase"] = phase;
  status.erase("reason");
  status.erase("message");
  if (!message.empty()) status["message"] = std::move(message);
  if (updated == *volume) co_return api::Result<void>();
  api::WriteOptions options;
  options.subresource = "status";
  const auto written = co_await client_.update(api::kPersistentVolumes, std::move(updated), options);
  if (!written) co_return written.error();
  co_return api::Result<void>();
}

}  // namespace skiff::controllers

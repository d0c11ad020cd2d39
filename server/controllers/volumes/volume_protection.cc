#include "server/controllers/volumes/volume_protection.h"

#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"

#include <algorithm>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr std::size_t kProtectionWorkers = 2;

bool is_volume(const Json& object) { return api::namespace_of(object).empty(); }

}  // namespace

VolumeProtection::VolumeProtection(const Context& context)
    : client_(context.client),
      volumes_(context.informers.informer(api::kPersistentVolumes)),
      claims_(context.informers.informer(api::kPersistentVolumeClaims)),
      pods_(context.informers.informer(api::kPods)),
      controller_(context.executor, context.queue_metrics, "pvcprotection", kProtectionWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  pods_.add_index(api::kByClaim, api::by_claim);
  api::InformerHandlers objects;
  objects.added = [this](const ObjectPtr& object) { controller_.enqueue(key_text(*object)); };
  objects.updated = [this](const ObjectPtr&, const ObjectPtr& object) { controller_.enqueue(key_text(*object)); };
  claims_.add_handlers(objects);
  volumes_.add_handlers(std::move(objects));
  api::InformerHandlers pods;
  pods.updated = [this](const ObjectPtr&, const ObjectPtr& pod) {
    if (api::is_pod_terminated(*pod)) on_pod(pod);
  };
  pods.deleted = [this](const ObjectPtr& pod) { on_pod(pod); };
  pods_.add_handlers(std::move(pods));
}

Task<void> VolumeProtection::stop() { co_await controller_.stop(); }

void VolumeProtection::on_pod(const ObjectPtr& pod) {
  for (const std::string& claim : api::by_claim(*pod)) controller_.enqueue(claim);
}

Task<api::Result<void>> VolumeProtection::sync(std::string key) {
  const api::NamespacedName name = parse_key(key);
  const ObjectPtr object = (name.namespace_.empty() ? volumes_ : claims_).cache().get(name);
  if (!object) co_return api::Result<void>();
  const bool has = api::has_finalizer(*object, is_volume(*object) ? kVolumeFinalizer : kClaimFinalizer);
  const bool deleted = api::is_terminating(*object);
  if (!deleted && !has) co_return co_await set_finalizer(object, true);
  if (deleted && has && !is_used(*object)) co_return co_await set_finalizer(object, false);
  co_return api::Result<void>();
}

bool VolumeProtection::is_used(const Json& object) const {
  if (is_volume(object)) return string_at(object, {"status", "phase"}) == "Bound";
  const std::vector<ObjectPtr> pods = pods_.cache().by_index(api::kByClaim, key_text(object));
  // A pod without a node holds nothing yet, and does not start with a claim that is being deleted.
  return std::any_of(pods.begin(), pods.end(), [](const ObjectPtr& pod) {
    return !api::node_name_of(*pod).empty() && !api::is_pod_terminated(*pod);
  });
}

Task<api::Result<void>> VolumeProtection::set_finalizer(ObjectPtr object, bool wanted) {
  const bool volume = is_volume(*object);
  const char* finalizer = volume ? kVolumeFinalizer : kClaimFinalizer;
  Json updated = *object;
  Json& finalizers = updated["metadata"]["finalizers"];
  if (wanted) {
    finalizers.push_back(finalizer);
  } else {
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), finalizer), finalizers.end());
  }
  const api::ResourceType& type = volume ? api::kPersistentVolumes : api::kPersistentVolumeClaims;
  const api::WriteOptions options;
  const auto written = co_await client_.update(type, std::move(updated), options);
  if (!written && written.error().reason != api::Reason::kNotFound) co_return written.error();
  co_return api::Result<void>();
}

}  // namespace skiff::controllers

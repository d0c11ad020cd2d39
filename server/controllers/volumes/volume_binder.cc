#include "server/controllers/volumes/volume_binder.h"

#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

constexpr std::size_t kBinderWorkers = 1;

// Volumes by the "namespace/name" of the claim that they are bound to or kept for.
constexpr const char* kByClaimReference = "claimRef";
std::vector<std::string> by_claim_reference(const Json& volume) {
  const Json* reference = find(volume, {"spec", "claimRef"});
  if (reference == nullptr) return {};
  return {string_at(*reference, {"namespace"}) + "/" + string_at(*reference, {"name"})};
}

bool is_pending(const Json& claim) { return string_at(claim, {"status", "phase"}, "Pending") == "Pending"; }

}  // namespace

VolumeBinder::VolumeBinder(const Context& context)
    : client_(context.client),
      volumes_(context.informers.informer(api::kPersistentVolumes)),
      claims_(context.informers.informer(api::kPersistentVolumeClaims)),
      classes_(context.informers.informer(api::kStorageClasses)),
      pods_(context.informers.informer(api::kPods)),
      events_(context.executor, context.client, context.clock,
              api::EventRecorder::Source{"persistentvolume-controller", ""}),
      controller_(context.executor, context.queue_metrics, "claims", kBinderWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  volumes_.add_index(kByClaimReference, by_claim_reference);
  pods_.add_index(api::kByClaim, api::by_claim);
  api::InformerHandlers volumes;
  volumes.added = [this](const ObjectPtr& volume) { on_volume(volume); };
  volumes.updated = [this](const ObjectPtr&, const ObjectPtr& volume) { on_volume(volume); };
  volumes.deleted = volumes.added;
  volumes_.add_handlers(std::move(volumes));
  api::InformerHandlers claims;
  claims.added = [this](const ObjectPtr& claim) { on_claim(claim); };
  claims.updated = [this](const ObjectPtr&, const ObjectPtr& claim) { on_claim(claim); };
  claims.deleted = claims.added;
  claims_.add_handlers(std::move(claims));
  api::InformerHandlers classes;
  classes.added = [this](const ObjectPtr&) { enqueue_unbound_claims(); };
  classes.updated = [this](const ObjectPtr&, const ObjectPtr&) { enqueue_unbound_claims(); };
  classes_.add_handlers(std::move(classes));
}

void VolumeBinder::start() {
  events_.start();
  controller_.start();
}

Task<void> VolumeBinder::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

void VolumeBinder::on_volume(const ObjectPtr& volume) {
  controller_.enqueue(api::name_of(*volume));
  for (const std::string& claim : by_claim_reference(*volume)) controller_.enqueue(claim);
  if (find(*volume, {"spec", "claimRef"}) == nullptr) enqueue_unbound_claims();
}

void VolumeBinder::on_claim(const ObjectPtr& claim) {
  const std::string key = key_text(*claim);
  controller_.enqueue(key);
  if (const std::string name = string_at(*claim, {"spec", "volumeName"}); !name.empty()) controller_.enqueue(name);
  for (const ObjectPtr& volume : volumes_.cache().by_index(kByClaimReference, key)) {
    controller_.enqueue(api::name_of(*volume));
  }
}

void VolumeBinder::enqueue_unbound_claims() {
  for (const ObjectPtr& claim : claims_.cache().list()) {
    if (is_pending(*claim)) controller_.enqueue(key_text(*claim));
  }
}

Task<api::Result<void>> VolumeBinder::sync(std::string key) {
  const api::NamespacedName name = parse_key(key);
  const bool is_volume = name.namespace_.empty();
  const ObjectPtr object = (is_volume ? volumes_ : claims_).cache().get(name);
  if (!object) co_return api::Result<void>();
  if (is_volume) co_return co_await sync_volume(object);
  co_return co_await sync_claim(object);
}

}  // namespace skiff::controllers

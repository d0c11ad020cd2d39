#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"

#include <string>

namespace skiff::controllers {

// Binds claims to volumes that exist (upstream's persistent volume controller without its provisioners). Keys are
// volumes ("name") and claims ("namespace/name").
//
//   claim   Pending --a volume suits--> Bound --its volume is gone--> Lost
//   volume  Pending --> Available --bound to a claim--> Bound --the claim is gone--> Released --> Failed
//
// Operation: a binding is four writes (the volume's claimRef and phase, the claim's volumeName and phase), of which the
// first decides; each sync goes on where the last one stopped. Concurrency: see Context; one sync at a time, so that no
// two claims are given the same volume. It will not: make volumes (an external provisioner may), delete what is on
// them, or choose a volume for a claim whose class waits for its first consumer, which is the scheduler's.
class VolumeBinder {
 public:
  explicit VolumeBinder(const Context& context);

  void start();
  Task<void> stop();

 private:
  inline static const std::string kNoMessage;

  void on_volume(const api::ObjectPtr& volume);
  void on_claim(const api::ObjectPtr& claim);
  void enqueue_unbound_claims();

  Task<api::Result<void>> sync(std::string key);

  Task<api::Result<void>> sync_claim(api::ObjectPtr claim);
  Task<api::Result<void>> sync_unbound_claim(api::ObjectPtr claim);
  Task<api::Result<void>> sync_claim_of_named_volume(api::ObjectPtr claim);
  Task<api::Result<void>> sync_bound_claim(api::ObjectPtr claim);
  [[nodiscard]] bool waits_for_consumer(const Json& claim) const;
  void report_unbound(const Json& claim);
  [[nodiscard]] std::string default_class() const;
  Task<api::Result<void>> lose_claim(api::ObjectPtr claim, const char* reason, const char* message);
  Task<api::Result<void>> write_claim_phase(api::ObjectPtr claim, const char* phase);

  Task<api::Result<void>> bind(api::ObjectPtr volume, api::ObjectPtr claim);
  Task<api::Result<api::ObjectPtr>> reserve(api::ObjectPtr volume, api::ObjectPtr claim);
  Task<api::Result<void>> complete(api::ObjectPtr volume, api::ObjectPtr claim);

  Task<api::Result<void>> sync_volume(api::ObjectPtr volume);
  Task<api::Result<api::ObjectPtr>> claim_of(api::ObjectPtr volume);
  Task<api::Result<void>> release(api::ObjectPtr volume);
  Task<api::Result<void>> reclaim(api::ObjectPtr volume);
  Task<api::Result<void>> unbind(api::ObjectPtr volume);
  // `message` says why; empty for the phases that need no reason.
  Task<api::Result<void>> write_volume_phase(api::ObjectPtr volume, const char* phase, std::string message);

  api::Client& client_;
  api::Informer& volumes_;
  api::Informer& claims_;
  api::Informer& classes_;
  api::Informer& pods_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers

#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"

#include <string>

namespace skiff::controllers {

// Keeps volumes and claims that are deleted until nobody uses them: gives them a finalizer, which it takes away from a
// claim when no pod on a node uses it any more, and from a volume when it is not bound (upstream's
// pvc-protection-controller and pv-protection-controller). Keys are those of VolumeBinder. Concurrency: see Context.
class VolumeProtection {
 public:
  static constexpr const char* kVolumeFinalizer = "kubernetes.io/pv-protection";
  static constexpr const char* kClaimFinalizer = "kubernetes.io/pvc-protection";

  explicit VolumeProtection(const Context& context);

  void start() { controller_.start(); }
  Task<void> stop();

 private:
  void on_pod(const api::ObjectPtr& pod);
  Task<api::Result<void>> sync(std::string key);
  [[nodiscard]] bool is_used(const Json& object) const;
  Task<api::Result<void>> set_finalizer(api::ObjectPtr object, bool wanted);

  api::Client& client_;
  api::Informer& volumes_;
  api::Informer& claims_;
  api::Informer& pods_;
  api::Controller controller_;
};

}  // namespace skiff::controllers

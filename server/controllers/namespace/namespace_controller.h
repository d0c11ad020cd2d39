#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"
#include "server/controllers/namespace/namespace_content.h"

#include <string>
#include <vector>

namespace skiff::controllers {

// Empties namespaces that are being deleted, then lets them go by removing the finalizer "kubernetes" (keys: their
// names).
//
// Operation: sync() deletes what it finds of every namespaced kind; what stays for a while (pods, objects with
// finalizers) brings the namespace back when it goes. Concurrency: see Context. It will not: remove finalizers of
// others.
class NamespaceController {
 public:
  static constexpr std::size_t kWorkers = 4;
  static constexpr std::size_t kDeletionsAtOnce = 64;
  // Content that goes at about the same time brings the namespace back once.
  static constexpr std::chrono::milliseconds kGather{20};
  // When nobody tells us that the content is gone, we look again.
  static constexpr std::chrono::seconds kRecheck{15};

  // `types`: all namespaced kinds; `followed`: those of them whose objects announce when they go (not Events).
  NamespaceController(const Context& context, std::vector<api::ResourceType> types,
                      const std::vector<api::ResourceType>& followed);

  void start();
  Task<void> stop();

 private:
  Task<api::Result<void>> sync(std::string name);
  Task<api::Result<RemainingContent>> remove_content(std::string namespace_);
  Task<void> remove_object(const api::ResourceType& type, api::ObjectPtr object, RemainingContent* remaining);
  Task<api::Result<void>> write_conditions(api::ObjectPtr namespace_object, RemainingContent remaining);
  Task<api::Result<void>> finalize(api::ObjectPtr namespace_object);

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  const std::vector<api::ResourceType> types_;
  api::Informer& namespaces_;
  api::Controller controller_;
};

}  // namespace skiff::controllers

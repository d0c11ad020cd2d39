#pragma once

#include "api/client/controller.h"
#include "server/controllers/context.h"

#include <optional>
#include <string>

namespace skiff::controllers {

// Takes the condition DisruptionTarget back from pods that were marked to go and then were not deleted (keys: their
// namespace/name): whoever marked them has failed or thought better of it.
//
// Operation: a marked pod is looked at again when its mark is older than kTimeout. Concurrency: see Context. It will
// not: doubt what a pod's own agent says, which may take its time, or touch pods that have ended.
class StaleDisruptionController {
 public:
  static constexpr std::size_t kWorkers = 1;
  static constexpr std::chrono::minutes kTimeout{2};

  explicit StaleDisruptionController(const Context& context);

  void start() { controller_.start(); }
  Task<void> stop() { return controller_.stop(); }

 private:
  void on_pod(const api::ObjectPtr& pod);
  // How long the mark on the pod counts still, at least 0; nothing when it has none that can become stale.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> time_left(const Json& pod) const;
  Task<api::Result<void>> sync(std::string key);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& pods_;
  api::Controller controller_;
};

}  // namespace skiff::controllers

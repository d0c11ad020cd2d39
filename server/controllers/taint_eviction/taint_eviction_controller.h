#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "api/views/taints.h"
#include "server/controllers/context.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::controllers {

// Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer (keys: the pod's
// namespace/name).
//
// Operation: a pod's time begins when we first see it on a tainted node, and ends early when the taints go. Nothing is
// kept of pods on other nodes. Concurrency: see Context.
// It will not: ask disruption budgets, or wait for the pod to be gone: its agent, if it lives, sees to that.
class TaintEvictionController {
 public:
  static constexpr std::size_t kWorkers = 8;

  explicit TaintEvictionController(const Context& context);

  void start();
  Task<void> stop();

 private:
  void on_node(const api::ObjectPtr& node);
  void forget_node(const std::string& name);
  void on_pod(const api::ObjectPtr& pod);
  void enqueue_pods_of(const std::string& node_name);
  // The pod's taints no longer drive it away.
  void spare(const std::string& key);
  Task<api::Result<void>> sync(std::string key);
  Task<api::Result<void>> evict(api::ObjectPtr pod);

  api::Client& client_;
  const Clock& clock_;
  api::Informer& nodes_;
  api::Informer& pods_;
  api::EventRecorder events_;
  std::unordered_map<std::string, std::vector<api::Taint>> tainted_;  // NoExecute taints, of nodes that have any
  struct Waiting {
    std::string uid;
    TimePoint since;
  };
  std::unordered_map<std::string, Waiting> waiting_;  // pods whose time has begun
  api::Controller controller_;
};

}  // namespace skiff::controllers

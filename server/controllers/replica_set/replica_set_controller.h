#pragma once

#include "api/client/controller.h"
#include "api/client/event_recorder.h"
#include "server/controllers/context.h"
#include "server/controllers/expectations.h"
#include "server/controllers/replica_set/plan.h"

#include <optional>
#include <string>
#include <vector>

namespace skiff::controllers {

// Keeps as many pods as each ReplicaSet wants (keys: its namespace/name).
//
// Operation: sync() claims the pods that match, makes or removes the difference (many requests at a time, a few first
// while it is not known whether they succeed) and writes the status. What was asked for and has not been seen yet is
// remembered as an expectation, so that nothing is asked for twice. Concurrency: see Context. It will not: place pods
// on nodes, or wait until removed ones are gone.
class ReplicaSetController {
 public:
  static constexpr std::size_t kWorkers = 8;

  explicit ReplicaSetController(const Context& context);

  void start();
  Task<void> stop();

 private:
  using Failure = std::optional<ReplicaFailure>;

  void on_replica_set(const api::ObjectPtr& replica_set);
  void on_pod_added(const api::ObjectPtr& pod);
  void on_pod_updated(const api::ObjectPtr& old_pod, const api::ObjectPtr& pod);
  void on_pod_deleted(const api::ObjectPtr& pod);
  // The ReplicaSet that controls the object, if it is known.
  [[nodiscard]] api::ObjectPtr controller_set(const Json& pod) const;
  void enqueue_soon(const Json& replica_set);
  void enqueue_matching(const Json& pod);

  Task<api::Result<void>> sync(std::string key);
  Task<Failure> manage_replicas(std::string key, api::ObjectPtr replica_set, std::vector<api::ObjectPtr> pods);
  Task<Failure> create_pods(std::string key, api::ObjectPtr replica_set, int count);
  Task<void> create_pod(std::string key, api::ObjectPtr replica_set, Failure* failure);
  Task<Failure> remove_pods(std::string key, api::ObjectPtr replica_set, std::vector<api::ObjectPtr> pods);
  Task<void> remove_pod(std::string key, api::ObjectPtr replica_set, api::ObjectPtr pod, Failure* failure);
  Task<api::Result<void>> write_status(std::string key, api::ObjectPtr replica_set, std::vector<api::ObjectPtr> pods,
                                       Failure failure);
  [[nodiscard]] std::vector<api::ObjectPtr> candidates(const Json& replica_set) const;
  [[nodiscard]] std::map<std::string, int> neighbours(const Json& replica_set) const;

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  api::Informer& replica_sets_;
  api::Informer& pods_;
  Expectations expectations_;
  api::EventRecorder events_;
  api::Controller controller_;
};

}  // namespace skiff::controllers

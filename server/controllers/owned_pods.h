#pragma once

#include "api/client/event_recorder.h"
#include "api/selector.h"
#include "server/controllers/context.h"
#include "server/controllers/expectations.h"
#include "server/controllers/pods.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace skiff::controllers {

// What spec.selector selects, where it is a metav1.LabelSelector; nothing when it is invalid.
[[nodiscard]] std::optional<api::LabelSelector> label_selector_of(const Json& owner);
// The same where it is a plain map of labels, as in a ReplicationController.
[[nodiscard]] std::optional<api::LabelSelector> label_map_selector_of(const Json& owner);

// Pods to make and pods to remove for an owner.
struct PodChanges {
  std::size_t create = 0;
  std::function<Json(std::size_t index)> make;  // the new pod number 0 .. create - 1
  std::vector<api::ObjectPtr> remove;

  [[nodiscard]] bool empty() const { return create == 0 && remove.empty(); }
};

// The pods of one kind of owner (ReplicaSets, DaemonSets, Jobs), for the controller that keeps them.
//
// Operation: follows the pods and calls `changed` with the owner of each that comes, changes or goes, and with owners
// that an orphan matches. What change() asked for and the informer has not shown yet is remembered under the owner's
// key, so that nobody asks twice. Reports what it does as events of the owner. Concurrency: see Context. It will not:
// decide which pods there should be, or wait until removed ones are gone.
class OwnedPods {
 public:
  struct Owners {
    const api::ResourceType& type;
    std::optional<api::LabelSelector> (*selector)(const Json& owner);
    // `all_created`: the last new pod that was waited for has come, so that there may be more to do at once.
    std::function<void(const Json& owner, bool all_created)> changed;
    // What pods that are adopted get; empty: nothing.
    std::string finalizer = {};
  };

  // `component` is the source of the events: "replicaset-controller".
  OwnedPods(const Context& context, Owners owners, std::string component);

  void start() { events_.start(); }
  Task<void> stop() { co_await events_.stop(); }

  // All that was asked for under the key has been seen.
  [[nodiscard]] bool up_to_date(const std::string& key) const { return expectations_.satisfied(key, clock_.now()); }
  void forget(const std::string& key) { expectations_.forget(key); }

  // The pods that the owner controls, after adoption and release (claim.h). An owner with an invalid selector has none.
  Task<api::Result<std::vector<api::ObjectPtr>>> claim(api::ObjectPtr owner);

  // Makes pods in batches that double in size, so that a server that refuses is not asked hundreds of times; then
  // removes pods. The answer is one of the failures, if there was any.
  Task<std::optional<PodFailure>> change(std::string key, api::ObjectPtr owner, PodChanges changes);

  [[nodiscard]] api::Informer& informer() { return pods_; }
  [[nodiscard]] api::EventRecorder& events() { return events_; }

 private:
  using Failure = std::optional<PodFailure>;

  void on_added(const api::ObjectPtr& pod);
  void on_updated(const api::ObjectPtr& old_pod, const api::ObjectPtr& pod);
  void on_deleted(const api::ObjectPtr& pod);
  void on_orphan(const Json& pod);
  // The owner that controls the pod, if it is one of ours and known.
  [[nodiscard]] api::ObjectPtr owner_of(const Json& pod) const;

  Task<void> create(std::string key, api::ObjectPtr owner, Json pod, Failure* failure);
  Task<void> remove(std::string key, api::ObjectPtr owner, api::ObjectPtr pod, Failure* failure);

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  Owners owners_;
  api::Informer& owner_informer_;
  api::Informer& pods_;
  Expectations expectations_;
  api::EventRecorder events_;
};

}  // namespace skiff::controllers

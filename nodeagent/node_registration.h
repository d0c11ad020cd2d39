#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "api/client/event_recorder.h"
#include "api/client/informer.h"
#include "nodeagent/node_lease.h"
#include "nodeagent/node_object.h"
#include "nodeagent/node_presence.h"

#include <memory>

namespace skiff::nodeagent {

// An event about a node, which upstream's kubelet names where its uid should be: the Node itself may not be known yet.
[[nodiscard]] api::Happening about_node(const std::string& name, std::string reason, std::string message);

// Keeps an agent's Node in the API as it should be.
//
// Operation: start() makes the Node, or brings the one that is there in line, and tries that again in the background
// where it does not succeed at once, and tells of it in events. A node that lives apart from the server (NodePresence)
// then renews its Lease and follows its Node: what others have said about its condition while they could not hear from
// it is put right. Concurrency: everything on the executor given, which has one thread. It will not: write the Node
// when nothing has changed, or make it again after somebody has deleted it.
class NodeRegistration {
 public:
  // `client`, `clock` and `recorder` (null: no events) outlive it.
  NodeRegistration(asio::any_io_executor executor, api::Client& client, const Clock& clock,
                   api::EventRecorder* recorder, NodeDescription description);

  // Returns after the first try.
  Task<void> start();
  Task<void> stop();
  // status.images (list_images()). Also before start().
  void set_images(Json images);
  // What the conditions about pressure say. Also before start().
  void set_pressure(const NodePressure& pressure);

 private:
  // Makes or corrects the Node; false when that must be tried again.
  Task<bool> try_to_register();
  Task<bool> bring_in_line(api::ObjectPtr node);
  Task<void> keep_trying();
  // The Node is not as it should be (any more).
  void correct();
  // What it should be has changed.
  void description_changed();
  void follow_node();
  void begin_presence();
  // Tells as events what is different now, as the kubelet does.
  void tell(const Json& before, const Json& now);
  [[nodiscard]] Json wanted() const { return make_node(description_, clock_.now()); }

  asio::any_io_executor executor_;
  api::Client& client_;
  const Clock& clock_;
  api::EventRecorder* recorder_;
  NodeDescription description_;
  NodeLease lease_;
  std::unique_ptr<api::Informer> node_;
  Signal wake_;
  TaskGroup tasks_;
  bool trying_ = false;      // to register, or to correct the Node
  bool outdated_ = false;    // what is being tried is not what should be any more
  bool registered_ = false;  // once, and for good
  bool present_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent

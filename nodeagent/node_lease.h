#pragma once

#include "api/base/clock.h"
#include "api/client.h"

#include <chrono>
#include <string>

namespace skiff::nodeagent {

// A node's heartbeat: its Lease in the namespace kube-node-lease, renewed for as long as the agent lives.
//
// Operation: makes the Lease where it is missing (a restarted server has forgotten it: heartbeats are not kept on the
// disk) and renews it every quarter of its duration. What fails is tried again with a back-off, within the same time.
// A Lease without a duration never ends: it is made, or renewed, once.
// Concurrency: everything on the executor given, which has one thread.
// It will not: say anything about the node's condition.
class NodeLease {
 public:
  // `client` and `clock` outlive it. `duration` zero: none.
  NodeLease(asio::any_io_executor executor, api::Client& client, const Clock& clock, std::string node_name,
            std::chrono::milliseconds duration);

  void start();
  Task<void> stop();

 private:
  Task<void> run();
  Task<api::Result<api::ObjectPtr>> renew();
  Task<api::Result<api::ObjectPtr>> create();
  void stamp(Json& lease) const;

  api::Client& client_;
  const Clock& clock_;
  const std::string node_name_;
  const std::chrono::milliseconds duration_;
  api::ObjectPtr lease_;  // as it was last written; null: not known
  Signal wake_;
  TaskGroup tasks_;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent

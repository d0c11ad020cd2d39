#pragma once

#include "api/client.h"
#include "nodeagent/pods/pod_events.h"
#include "nodeagent/pods/pod_state.h"
#include "nodeagent/probes/checks.h"
#include "nodeagent/probes/probe_series.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace skiff::nodeagent {

// What a container's run is held for before any probe of it has ended.
[[nodiscard]] Health initial_health(const Json& container);
[[nodiscard]] bool has_probes(const Json& pod);

// Runs the probes of one pod. The startup probe comes first; the others begin when it has passed.
//
// Operation: follow() tells which containers run. While one of them has a probe, a coroutine sleeps until the next is
// due and starts it; each probe is a coroutine of its own, so that one that hangs keeps no other waiting. A verdict (a
// threshold reached) goes to the listener, a single failure to the pod's events ("Unhealthy").
// Concurrency: everything on the agent's executor.
// It will not: end containers, or keep a timer for pods without a probe that is due some time.
class PodProber : public std::enable_shared_from_this<PodProber> {
 public:
  struct Environment {
    Checks& checks;
    PodEvents& events;
    const Clock& clock;
    asio::any_io_executor executor;
    TaskGroup& tasks;  // what runs ends soon after stop() and Checks::stop()
  };
  using Listener = std::function<void(const std::string& container, const std::string& id, ProbeKind, bool passed)>;

  // What `environment` refers to must outlive the prober's tasks.
  PodProber(Environment environment, Listener listener);

  // The pod as it is now. Containers that began to run get their probes, those that ended lose them. A pod that is
  // deleted keeps its readiness probes only.
  void follow(api::ObjectPtr pod, const PodState& state);
  void stop();

 private:
  struct Probe {
    std::string container_id;
    ProbeSeries series;
    std::optional<bool> told;  // what the listener knows
  };
  using Key = std::pair<std::string, ProbeKind>;  // container name

  void follow_container(const Json& container, const ContainerMemory& record);
  [[nodiscard]] bool may_run(const Key& key, const Health& health) const;
  Task<void> run();
  std::optional<TimePoint> start_due(TimePoint now);
  Task<void> probe(Key key, std::string container_id);
  void say(const Key& key, const CheckResult& result);

  Environment environment_;
  Listener listener_;
  api::ObjectPtr pod_;
  std::string pod_ip_;
  std::map<Key, Probe> probes_;
  std::shared_ptr<Signal> signal_;  // while run() runs
  bool stopped_ = false;
};

}  // namespace skiff::nodeagent

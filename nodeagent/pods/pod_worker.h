#pragma once

#include "api/client.h"
#include "api/client/resting_object.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/image_step.h"
#include "nodeagent/pods/node_capacity.h"
#include "nodeagent/pods/plan.h"
#include "nodeagent/pods/pod_events.h"
#include "nodeagent/pods/pod_state.h"
#include "nodeagent/pods/pod_status.h"
#include "nodeagent/pods/turns.h"
#include "nodeagent/probes/checks.h"
#include "nodeagent/runtime/runtime.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

class AgentMetrics;
class PodFiles;
class PodProber;
class PodTokens;

// What all pods of a node share. Everything outlives the workers.
struct PodContext {
  api::Client& client;
  Runtime& runtime;
  const ImageStore& images;
  ImagePulls& pulls;
  const Clock& clock;
  PodEvents& events;
  ConfigObjects& configs;
  PodTokens& tokens;
  PodFiles* files;  // null: a simulated node, which keeps nothing on disk
  Checks* checks;   // null: nothing is probed and hooks are not run, all is well (simulated nodes)
  asio::any_io_executor executor;
  TaskGroup& tasks;  // what workers start beside run()
  std::function<void(const std::string& uid)> wake;
  asio::thread_pool& pool;
  NodeFacts node;
  NodeCapacity capacity;
  std::int64_t pod_max_pids = 0;
  BackOffPolicy restart_back_off;
  BackOffPolicy pull_back_off;
  // A static pod has a new status, which its document carries: what the API is to be told.
  std::function<void(const api::ObjectPtr& pod)> static_pod_changed;
  AgentMetrics* metrics = nullptr;  // null: nobody counts
};

// Where a pod comes from. The API knows nothing of a static pod: its worker asks and tells it nothing.
enum class PodOrigin { kApi, kStatic };

// Takes one pod (one uid) through its life on this node:
//
//                   set_pod()
//                       |                                   restart with back-off
//                       v                                 +----------------------+
//   1 volumes --> 2 sandbox --> 3 init containers --> 4 containers --+-----------+
//                       ^                                 |          |
//                       +----- the sandbox died ----------+          | all ended for good
//                                                         |          v
//      deleted, or activeDeadlineSeconds are over               |     6 stopped; remains kept for logs
//                       |                                 |          |
//                       v                                 |          | deleted
//   5 stop containers, then the sandbox <-----------------+          |
//                       |                                            |
//                       v                                            |
//   7 clean up: containers, sandbox, volumes, files <----------------+
//                       |
//                       v
//   8 deletion confirmed to the API (grace 0, uid; nothing to confirm for a static pod) --> is_done()
//
// Operation: wake() makes run() go: it observes the runtime, reports the status, and does what plan() says, until
// nothing is left to do. While nothing is to be done there is no coroutine and no timer, and the pod's document rests.
// The status is written only when it says something new.
// Concurrency: everything on the agent's executor; one run() at a time.
// It will not: decide (plan.h does), or keep anything on disk that recovery would need.
class PodWorker : public std::enable_shared_from_this<PodWorker> {
 public:
  PodWorker(PodContext& context, api::ObjectPtr pod, PodOrigin origin = PodOrigin::kApi);

  // What an earlier agent left running of this pod. Before the first wake().
  void adopt(const std::vector<SandboxStatus>& sandboxes, const std::vector<ContainerStatus>& containers);

  // A new state of the pod from the API. The caller wakes the worker when this returns true.
  [[nodiscard]] bool set_pod(api::ObjectPtr pod);
  // The pod is no longer in the API.
  void set_gone();
  // A static pod is to end, in the time that it has for that. The caller wakes the worker.
  void end_static_pod();
  // What others say, on a static pod's mirror, of its readiness gates. The caller wakes the worker when this returns
  // true.
  [[nodiscard]] bool take_gates(const Json& mirror);
  // The node cannot keep the pod, or not take it. The caller tells why, as an event, and wakes the worker.
  void fail(PodFailure failure);
  // A ConfigMap or Secret that the pod uses has changed, or a token of it is due.
  void configs_changed();

  // True when nothing of the pod is left, neither here nor in the API.
  [[nodiscard]] bool is_done() const { return state_.gone_from_api && state_.cleaned_up; }

  [[nodiscard]] api::ObjectPtr pod() const { return pod_.read(); }
  [[nodiscard]] const api::NamespacedName& name() const { return name_; }
  [[nodiscard]] PodOrigin origin() const { return origin_; }
  [[nodiscard]] const PodState& state() const { return state_; }

  // True when the caller must spawn run(); otherwise the running one goes on.
  [[nodiscard]] bool wake();
  // Lets the pod's document rest until run().
  void rest() { pod_.rest(); }
  // With `turn`, if turns are taken, until the pod rests or waits.
  Task<void> run(Turns::Turn turn = {});
  // Makes run() end soon, with everything left as it is.
  void stop();

 private:
  // What becomes of the containers (pod_observation.cc, as adopt()).
  Task<void> observe();
  void observe_sandbox();
  void follow_probes();
  void probe_decided(const std::string& container, const std::string& id, ProbeKind kind, bool passed);
  Task<void> observe_container(std::string name);

  // What the API is told (pod_report.cc).
  Task<void> report_status();
  void keep_status();
  void measure_start();
  void accept(api::ObjectPtr pod);

  // The loop's parts (pod_worker.cc).
  void measure_work(std::chrono::steady_clock::time_point begin);
  void keep(api::ObjectPtr pod);
  // Until then, or until something happens.
  Task<void> pause(std::chrono::nanoseconds delay);
  // When to look again if nothing happens: as planned, or earlier where something failed.
  [[nodiscard]] std::optional<TimePoint> wakes_at(std::optional<TimePoint> planned) const;

  // A life cycle hook. Shared between it and who waits for it: one that takes too long is left to itself.
  struct HookRun {
    bool ended = false;
    std::string failure;
  };

  // What earlier attempts left: removed, now or later.
  struct Leftover {
    std::string id;
    bool is_sandbox = false;
  };
  Task<Result<void>> remove(Leftover leftover);
  Task<void> remove_or_leave(Leftover leftover);
  Task<void> remove_leftovers();

  // One per Action (pod_actions.cc).
  Task<void> execute(MountVolumes action);
  Task<void> execute(MakeSandbox action);
  Task<void> execute(ReplaceSandbox action);
  Task<void> execute(StartContainer action);
  Task<void> execute(DiscardContainer action);
  Task<void> execute(DelayRestart action);
  Task<void> execute(EndContainer action);
  Task<void> execute(FailPod action);
  Task<void> execute(StopPod action);
  Task<void> execute(CleanUp action);
  Task<void> execute(ConfirmDeletion action);

  // The pod's volumes on disk, from its configs (which are followed) and tokens.
  Task<Result<void>> set_up_volumes(std::set<ConfigKey> keys);

  // How containers end (pod_end.cc).
  struct Ending {
    std::set<std::string> running;                              // whose end is not seen yet
    std::map<std::string, std::shared_ptr<HookRun>> pre_stops;  // by container, while they are waited for
  };
  Task<void> stop_containers(std::chrono::seconds grace);
  Task<void> end_containers(std::set<std::string> names, std::chrono::seconds grace);
  Task<void> end_container(std::string name, std::chrono::seconds grace);
  Task<void> hurry_when_told(std::chrono::seconds grace, TaskGroup& stopping);
  [[nodiscard]] bool has_turn_to_end(const std::string& name) const;

  // Life cycle hooks (pod_hooks.cc).
  Task<void> run_post_start(std::string name);
  Task<void> run_pre_stop(std::string name, std::chrono::steady_clock::time_point deadline);
  Task<void> run_hook(std::string name, std::string hook, std::chrono::seconds timeout, std::shared_ptr<HookRun> run);

  // Waiting inside of a step. Returns when `done()` holds (true), at `deadline`, or when the worker is to stop; asks
  // `done()` again after each announce().
  Task<bool> wait_until(std::function<bool()> done, std::chrono::steady_clock::time_point deadline);
  void announce();

  Task<Result<ContainerConfig>> make_config(StartContainer action, Image image);
  Task<void> discard_previous(std::string name);
  void container_fails(const std::string& name, Waiting waiting);
  void start_failed(const std::string& name, ContainerStatus created, const std::string& message);
  [[nodiscard]] ContainerMemory& record(const std::string& name) { return state_.containers[name]; }

  PodContext& context_;
  const api::NamespacedName name_;
  api::RestingObject pod_;  // rests while nothing is to be done
  std::uint64_t pod_version_ = 0;
  const PodOrigin origin_;
  const std::chrono::steady_clock::time_point first_seen_ = std::chrono::steady_clock::now();
  PodState state_;
  std::vector<Leftover> leftovers_;
  std::optional<TimePoint> remove_again_at_;  // one of them could not be removed
  std::optional<TimePoint> report_again_at_;  // a status write failed
  std::shared_ptr<Signal> signal_;            // while run() runs, or is to
  Turns::Turn turn_;
  std::shared_ptr<PodProber> prober_;  // null until a container with probes runs
  std::set<Signal*> waiters_;          // of wait_until()
  std::unique_ptr<Ending> ending_;     // while end_containers() waits
  std::stop_source over_;              // requested when nothing is to be started any more
  bool skip_report_ = false;
  bool has_worked_ = false;  // a round of work is done
  bool changed_ = false;     // something happened that run() has not seen
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent

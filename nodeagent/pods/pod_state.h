#pragma once

#include "api/base/clock.h"
#include "nodeagent/pods/back_off.h"
#include "nodeagent/probes/probe_kind.h"
#include "nodeagent/runtime/runtime.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace skiff::nodeagent {

// v1.ContainerStateWaiting: why a container is not there (yet).
struct Waiting {
  std::string reason;
  std::string message;
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

// One run of a container, as the runtime reported it last, and what the agent knows beyond that.
struct Attempt {
  ContainerStatus status;
  // Of an exited one: "Completed", "Error", "OOMKilled", "StartError"; and its termination message.
  std::string exit_reason;
  std::string exit_message;
  bool settled = false;  // its end has been noted: the runtime has nothing more to say
};

// What its probes say of a container's present run. Without probes it has started and is ready from the beginning.
struct Health {
  bool started = true;
  bool ready = true;
  std::optional<ProbeKind> failed;  // the startup or liveness probe that demands the run's end
};

// "As long as nothing changes": a retry_at for what only an outside change can mend.
inline constexpr TimePoint kWhenSomethingChanges = TimePoint::max();

// What the agent acts upon of a pod's newest sandbox.
struct SandboxMemory {
  std::string id;
  bool ready = false;
};

// What the agent knows of one container of a pod. In memory; rebuilt from the runtime and the pod's status after a
// restart of the agent (back-offs start afresh then, as upstream's do).
struct ContainerMemory {
  std::optional<Attempt> latest;
  std::shared_ptr<const Attempt> previous;  // null: none, as a rule
  Health health;
  // The latest run was ended to be followed by another one, whatever its exit code and the restart policy say.
  bool restart_due = false;
  // Why the next attempt has not been made; nothing when none is due or none was tried.
  std::optional<Waiting> waiting;
  // No next attempt before then.
  TimePoint retry_at;
  BackOff restart_back_off;
  BackOff pull_back_off;
  TimePoint pull_failed_at;
  std::string pull_error;
  // The number of the next attempt = the restart count once it runs.
  std::uint32_t next_attempt = 0;
};

// Why the pod as a whole has failed: status.reason and status.message.
struct PodFailure {
  enum class Kind {
    kOver,     // it has had its time
    kRefused,  // the node did not take it: it has never begun
    kEvicted,  // the node needs what it uses
  };
  std::string reason;
  std::string message;
  Kind kind = Kind::kOver;
  std::optional<std::chrono::seconds> grace{};  // to end in, instead of the pod's own
};

// What plan() and make_status() decide upon, beside the pod's document.
struct PodState {
  std::optional<SandboxMemory> sandbox;
  std::uint32_t next_sandbox_attempt = 0;
  // Init containers and containers by name (their names are distinct).
  std::map<std::string, ContainerMemory> containers;
  std::shared_ptr<const PodFailure> failure;  // null: none, as a rule
  std::string ip;                             // of the newest sandbox; stays when it stops
  bool volumes_ready = false;                 // once, and for good: what runs keeps them
  bool volumes_stale = false;                 // what they show has changed since
  TimePoint volumes_retry_at;
  TimePoint sandbox_retry_at;
  bool gone_from_api = false;  // deleted there: nobody to report to
  bool cleaned_up = false;     // nothing of it is left on the node
};

// Makes room for the next run.
inline void let_pass(ContainerMemory& record) {
  record.previous = record.latest ? std::make_shared<const Attempt>(std::move(*record.latest)) : nullptr;
  record.latest.reset();
}

[[nodiscard]] inline bool is_running(const ContainerMemory& record) {
  return record.latest && record.latest->status.state == ContainerState::kRunning;
}

[[nodiscard]] inline bool any_container_runs(const PodState& state) {
  return std::any_of(state.containers.begin(), state.containers.end(),
                     [](const auto& entry) { return is_running(entry.second); });
}

}  // namespace skiff::nodeagent

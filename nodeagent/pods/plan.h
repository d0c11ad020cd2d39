#pragma once

#include "api/base/json.h"
#include "nodeagent/pods/pod_state.h"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace skiff::nodeagent {

// The steps that bring a pod closer to what its document asks for. Each is safe to repeat.
struct MountVolumes {};  // or brings them up to date
struct MakeSandbox {
  std::uint32_t attempt = 0;
};
// A sandbox whose pause process died: what is left of it goes, so that a new one can be made.
struct ReplaceSandbox {
  std::string id;
};
struct StartContainer {
  std::string name;
  std::uint32_t attempt = 0;
};
// A container that was created and never started (the agent died in between).
struct DiscardContainer {
  std::string name;
};
// The container crashed and is not restarted for so long: said once.
struct DelayRestart {
  std::string name;
  std::chrono::milliseconds back_off{0};
};
// A running container that hangs or is no longer what the pod asks for; `message` says why.
struct EndContainer {
  std::string name;
  std::string message;
  std::chrono::seconds grace{0};
  bool restart = false;  // another run follows
};
// The pod is over: what still runs is stopped next.
struct FailPod {
  PodFailure failure;
};
// All containers, then the sandbox. The remains stay, for their logs.
struct StopPod {
  std::chrono::seconds grace{0};
};
// Nothing of the pod stays on the node; then its deletion is confirmed to the API.
struct CleanUp {};
struct ConfirmDeletion {};

using Action = std::variant<MountVolumes, MakeSandbox, ReplaceSandbox, StartContainer, DiscardContainer, DelayRestart,
                            EndContainer, FailPod, StopPod, CleanUp, ConfirmDeletion>;

struct Plan {
  std::vector<Action> actions;       // in order; after a change of the pod the rest is void
  std::optional<TimePoint> wake_at;  // look again then, even if nothing happens
};

// The next steps for a pod. Pure: `state` was brought up to date by the caller. An empty plan means that nothing is to
// be done before wake_at or the next event.
[[nodiscard]] Plan plan(const Json& pod, const PodState& state, TimePoint now, const BackOffPolicy& restart_policy);

// True when all containers have ended for good: what makes a pod Succeeded or Failed. Sidecars do not count.
[[nodiscard]] bool has_finished(const Json& pod, const PodState& state);

}  // namespace skiff::nodeagent

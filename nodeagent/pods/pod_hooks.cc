// A container's postStart and preStop hooks, as a PodWorker runs them.
#include "api/base/log.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/pods/pod_worker.h"

namespace skiff::nodeagent {

namespace {

using std::chrono::steady_clock;

constexpr const char* kHookAgent = "kube-lifecycle/1.32";
// Upstream gives postStart all the time in the world; the end of the pod ends it, too.
constexpr std::chrono::hours kPostStartTimeout{24};

const Json* find_hook(const Json& pod, const std::string& container, const std::string& hook) {
  const Json* found = find_container(pod, container);
  return found != nullptr ? find(*found, {"lifecycle", hook}) : nullptr;
}

// "[sh -c true]", and "sh -c true".
std::string command_text(const Json& hook) {
  std::string text;
  const Json* command = find(hook, {"exec", "command"});
  if (command == nullptr) return text;
  for (const Json& word : *command) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

// Upstream's text for status...waiting.message, or nothing when the hook did what it should. Any answer to an HTTP
// request will do.
std::string hook_failure(const Json& hook, const CheckResult& result, const std::string& whom) {
  const bool is_exec = find(hook, {"exec"}) != nullptr;
  if (result.verdict == CheckResult::Verdict::kPassed || result.http_status != 0) return "";
  if (!is_exec) {
    return "HTTP lifecycle hook (" + string_at(hook, {"httpGet", "path"}) + ") for " + whom +
           " failed - error: " + result.output;
  }
  const std::string command = command_text(hook);
  std::string message = "Exec lifecycle hook ([" + command + "]) for " + whom + " failed - error: ";
  if (result.exit_code != 0) {
    message += "command '" + command + "' exited with " + std::to_string(result.exit_code) + ": ";
  }
  return message + result.output +
         ", message: " + Json(result.output).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Task<void> PodWorker::run_hook(std::string name, std::string hook_name, std::chrono::seconds timeout,
                               std::shared_ptr<HookRun> run) {
  const auto self = shared_from_this();
  const api::ObjectPtr pod = pod_.wake();
  const Json& hook = *find_hook(*pod, name, hook_name);
  if (const Json* sleep = find(hook, {"sleep"})) {
    const auto until = steady_clock::now() + std::chrono::seconds(integer_at(*sleep, {"seconds"}));
    std::function<bool()> never = [] { return false; };
    co_await wait_until(std::move(never), until);
  } else {
    const std::string whom = "Container \"" + name + "\" in Pod \"" + describe_pod(*pod) + "\"";
    const CheckTarget target{*find_container(*pod, name), record(name).latest->status.id, state_.ip};
    auto check = make_check(hook, target, kHookAgent);
    CheckResult result;
    if (check) {
      result = co_await context_.checks->run(std::move(*check), timeout);
    } else {
      result.verdict = CheckResult::Verdict::kUnknown;
      result.output = check.error().message;
    }
    run->failure = hook_failure(hook, result, whom);
  }
  run->ended = true;
  announce();
}

// A container whose hook fails is ended; whether it runs again is up to the restart policy.
Task<void> PodWorker::run_post_start(std::string name) {
  if (context_.checks == nullptr || find_hook(*pod_, name, "postStart") == nullptr) co_return;
  auto run = std::make_shared<HookRun>();
  context_.tasks.spawn(run_hook(name, "postStart", kPostStartTimeout, run));
  std::function<bool()> done = [this, run] { return run->ended || api::is_terminating(*pod_) || state_.gone_from_api; };
  const auto no_deadline = steady_clock::time_point::max();
  co_await wait_until(std::move(done), no_deadline);
  if (stopping_ || run->failure.empty()) co_return;
  // What the hook said stays out of the events, where secrets would be seen by more people.
  context_.events.warning(*pod_, name, "FailedPostStartHook", "PostStartHook failed");
  context_.events.normal(*pod_, name, "Killing", "FailedPostStartHook");
  const auto grace = grace_period(*pod_);
  std::set<std::string> names{name};
  co_await end_containers(std::move(names), grace);
  if (stopping_) co_return;
  co_await observe_container(name);
  const bool restarts =
      is_sidecar(*pod_, name) || should_restart(restart_policy(*pod_), record(name).latest->status.exit_code);
  if (restarts) record(name).waiting = Waiting{"PostStartHookError", run->failure};
}

// Waits for a hook that runs already, when the container is given less time than at first. A container that ends by
// itself needs no hook any more.
Task<void> PodWorker::run_pre_stop(std::string name, steady_clock::time_point deadline) {
  if (context_.checks == nullptr || find_hook(*pod_, name, "preStop") == nullptr) co_return;
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(deadline - steady_clock::now());
  if (timeout.count() <= 0) co_return;
  std::shared_ptr<HookRun>& known = ending_->pre_stops[name];
  const bool first = known == nullptr;
  if (first) known = std::make_shared<HookRun>();
  const std::shared_ptr<HookRun> run = known;
  if (first) context_.tasks.spawn(run_hook(name, "preStop", timeout, run));
  std::function<bool()> ended = [this, run, id = record(name).latest->status.id] {
    const auto status = context_.runtime.container_status(id);
    return run->ended || !status || status->state != ContainerState::kRunning;
  };
  co_await wait_until(std::move(ended), deadline);
  if (!first) co_return;
  ending_->pre_stops.erase(name);
  if (!run->failure.empty() && !stopping_) {
    context_.events.warning(*pod_, name, "FailedPreStopHook", "PreStopHook failed");
  }
}

}  // namespace skiff::nodeagent

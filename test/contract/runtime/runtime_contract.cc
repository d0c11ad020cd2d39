#include "test/contract/runtime/harness.h"

#include <boost/asio/executor_work_guard.hpp>

namespace skiff::nodeagent::testing {

namespace {

using std::chrono::seconds;

// What the exit listener heard, in order.
struct Exits {
  std::vector<std::string> ids;
  std::vector<std::string> pods;

  void listen_to(Runtime& runtime) {
    runtime.set_exit_listener([this](const SandboxKey& pod, const std::string& id) {
      pods.push_back(pod.pod_name);
      ids.push_back(id);
    });
  }
  [[nodiscard]] std::size_t count(const std::string& id) const {
    return static_cast<std::size_t>(std::count(ids.begin(), ids.end(), id));
  }
};

ContainerState state_of(RuntimeHarness& harness, const std::string& id) {
  const auto status = harness.runtime().container_status(id);
  REQUIRE(status);
  return status->state;
}

std::string start(RuntimeHarness& harness, const std::string& sandbox_id, const ContainerConfig& config) {
  auto id = harness.run(harness.runtime().create_container(sandbox_id, config));
  REQUIRE(id);
  CHECK(state_of(harness, *id) == ContainerState::kCreated);
  REQUIRE(harness.run(harness.runtime().start_container(*id)));
  return *id;
}

void check_life(RuntimeHarness& harness) {
  Runtime& runtime = harness.runtime();
  Exits exits;
  exits.listen_to(runtime);
  const auto started_at = std::chrono::system_clock::now();
  const auto sandbox = harness.run(runtime.run_sandbox(harness.sandbox("life")));
  REQUIRE(sandbox);
  CHECK(sandbox->ready);
  CHECK(sandbox->key.pod_name == "life");
  CHECK_FALSE(sandbox->ip.empty());
  CHECK(sandbox->created_at >= started_at);

  const std::string id = start(harness, sandbox->id, harness.endless_container("main"));
  CHECK(id.size() == 64);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  const auto running = runtime.container_status(id);
  REQUIRE(running);
  CHECK(running->state == ContainerState::kRunning);
  CHECK(running->name == "main");
  CHECK(running->sandbox_id == sandbox->id);
  CHECK(running->created_at >= started_at);
  CHECK(running->started_at >= running->created_at);

  REQUIRE(harness.run(runtime.stop_container(id, seconds(0))));
  const auto stopped = runtime.container_status(id);
  REQUIRE(stopped);
  CHECK(stopped->state == ContainerState::kExited);
  CHECK(stopped->exit_code == 137);
  CHECK(stopped->finished_at >= stopped->started_at);
  harness.run_until([&] { return exits.count(id) == 1; });
  CHECK(exits.pods == std::vector<std::string>{"life"});
  CHECK(harness.run(runtime.stop_container(id, seconds(1))));  // once more

  REQUIRE(harness.run(runtime.remove_container(id)));
  CHECK(runtime.container_status(id).error().code == ErrorCode::kNotFound);
  REQUIRE(harness.run(runtime.stop_sandbox(sandbox->id)));
  const auto down = runtime.sandbox_status(sandbox->id);
  REQUIRE(down);
  CHECK_FALSE(down->ready);
  CHECK(harness.run(runtime.stop_sandbox(sandbox->id)));
  REQUIRE(harness.run(runtime.remove_sandbox(sandbox->id)));
  CHECK(harness.run(runtime.remove_sandbox(sandbox->id)));
  CHECK(runtime.sandbox_status(sandbox->id).error().code == ErrorCode::kNotFound);
  CHECK(exits.count(id) == 1);
}

void check_exit_codes(RuntimeHarness& harness) {
  Runtime& runtime = harness.runtime();
  Exits exits;
  exits.listen_to(runtime);
  const auto sandbox = harness.run(runtime.run_sandbox(harness.sandbox("exits")));
  REQUIRE(sandbox);
  for (const int code : {0, 7}) {
    const std::string id = start(harness, sandbox->id, harness.ending_container("main", code));
    harness.run_until([&] { return exits.count(id) == 1; });
    const auto status = runtime.container_status(id);
    REQUIRE(status);
    CHECK(status->state == ContainerState::kExited);
    CHECK(status->exit_code == code);
    CHECK_FALSE(status->oom_killed);
  }
  const std::string victim = start(harness, sandbox->id, harness.endless_container("victim"));
  harness.kill_container(victim);
  harness.run_until([&] { return exits.count(victim) == 1; });
  CHECK(runtime.container_status(victim)->exit_code == 137);
}

void check_removal_of_what_runs(RuntimeHarness& harness) {
  Runtime& runtime = harness.runtime();
  const auto sandbox = harness.run(runtime.run_sandbox(harness.sandbox("busy")));
  REQUIRE(sandbox);
  const std::string first = start(harness, sandbox->id, harness.endless_container("first"));
  const std::string second = start(harness, sandbox->id, harness.endless_container("second"));
  REQUIRE(harness.run(runtime.stop_sandbox(sandbox->id)));
  CHECK(state_of(harness, first) == ContainerState::kExited);
  CHECK(state_of(harness, second) == ContainerState::kExited);
  REQUIRE(harness.run(runtime.remove_sandbox(sandbox->id)));
  CHECK(runtime.snapshot().sandboxes.empty());
  CHECK(runtime.snapshot().containers.empty());
}

// Everything that the process says, and how it ended.
std::pair<std::string, std::optional<int>> read_all(RuntimeHarness& harness, api::ProcessStreams& process) {
  std::string text;
  while (auto output = harness.run(process.next())) text += output->bytes;
  return {text, process.exit_code()};
}

void check_commands(RuntimeHarness& harness) {
  Runtime& runtime = harness.runtime();
  const auto sandbox = harness.run(runtime.run_sandbox(harness.sandbox("commands")));
  REQUIRE(sandbox);
  const std::string id = start(harness, sandbox->id, harness.endless_container("main"));
  const auto open = [&](std::vector<std::string> command, bool input = false) {
    ExecConfig config;
    config.command = std::move(command);
    config.input = input;
    return harness.run(runtime.open_exec(id, std::move(config), harness.executor()));
  };
  const auto said = harness.run(runtime.exec(id, {"echo", "hello", "you"}, seconds(5)));
  REQUIRE(said);
  CHECK(said->output == "hello you\n");
  CHECK(said->exit_code == 0);
  {
    auto echo = open({"echo", "hello"});
    REQUIRE(echo);
    CHECK(read_all(harness, **echo) == std::pair(std::string("hello\n"), std::optional(0)));
    CHECK_FALSE(harness.run((*echo)->write("too late")));
  }
  {
    auto cat = open({"cat"}, true);
    REQUIRE(cat);
    CHECK(harness.run((*cat)->write("one")));
    CHECK(harness.run((*cat)->next())->bytes == "one");
    CHECK(harness.run((*cat)->write("two")));
    (*cat)->close_input();
    CHECK(read_all(harness, **cat) == std::pair(std::string("two"), std::optional(0)));
  }
  {
    auto sleep = open({"sleep", "1000"}, true);
    REQUIRE(sleep);
    (*sleep)->cancel();
    CHECK_FALSE(harness.run((*sleep)->next()));
    CHECK_FALSE((*sleep)->exit_code());
    CHECK_FALSE(harness.run((*sleep)->write("x")));
  }
  const auto slow = harness.run(runtime.exec(id, {"sleep", "1000"}, seconds(1)));
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == ErrorCode::kDeadlineExceeded);

  REQUIRE(harness.run(runtime.stop_container(id, seconds(0))));
  CHECK(open({"echo"}).error().code == ErrorCode::kUnavailable);
  CHECK(harness.run(runtime.attach(id, harness.executor())).error().code == ErrorCode::kUnavailable);
  REQUIRE(harness.run(runtime.remove_sandbox(sandbox->id)));
  CHECK(open({"echo"}).error().code == ErrorCode::kNotFound);
  CHECK(harness.run(runtime.connect(sandbox->id, 80, harness.executor())).error().code == ErrorCode::kNotFound);
}

void check_unknown_ids(RuntimeHarness& harness) {
  Runtime& runtime = harness.runtime();
  const std::string unknown(64, 'f');
  CHECK(runtime.container_status(unknown).error().code == ErrorCode::kNotFound);
  CHECK(runtime.sandbox_status(unknown).error().code == ErrorCode::kNotFound);
  const auto created = harness.run(runtime.create_container(unknown, harness.endless_container("main")));
  REQUIRE_FALSE(created);
  CHECK(created.error().code == ErrorCode::kNotFound);
  CHECK(harness.run(runtime.start_container(unknown)).error().code == ErrorCode::kNotFound);
  CHECK(harness.run(runtime.remove_container(unknown)));
  CHECK(harness.run(runtime.stop_sandbox(unknown)));
  CHECK(harness.run(runtime.remove_sandbox(unknown)));
}

void check_restart(RuntimeHarness& harness) {
  const auto sandbox = harness.run(harness.runtime().run_sandbox(harness.sandbox("survivor")));
  REQUIRE(sandbox);
  const std::string running = start(harness, sandbox->id, harness.endless_container("running"));
  const std::string victim = start(harness, sandbox->id, harness.endless_container("victim"));
  const auto unstarted =
      harness.run(harness.runtime().create_container(sandbox->id, harness.endless_container("unstarted")));
  REQUIRE(unstarted);
  const auto before = harness.runtime().container_status(running);
  REQUIRE(before);

  harness.restart();
  harness.kill_container(victim);  // while there is no agent that looks
  Exits exits;
  exits.listen_to(harness.runtime());
  const auto found = harness.run(harness.runtime().recover());
  REQUIRE(found);
  REQUIRE(found->sandboxes.size() == 1);
  CHECK(found->sandboxes[0].id == sandbox->id);
  CHECK(found->sandboxes[0].ready);
  CHECK(found->sandboxes[0].ip == sandbox->ip);
  CHECK(found->sandboxes[0].key.pod_uid == sandbox->key.pod_uid);
  CHECK(harness.runtime().container_status(*unstarted).error().code == ErrorCode::kNotFound);

  const auto after = harness.runtime().container_status(running);
  REQUIRE(after);
  CHECK(after->state == ContainerState::kRunning);
  CHECK(after->pid == before->pid);
  CHECK(after->name == "running");
  CHECK(after->image_reference == before->image_reference);
  CHECK(after->created_at == before->created_at);
  CHECK(after->started_at == before->started_at);
  // Either found so, or told a moment later.
  harness.run_until([&] { return state_of(harness, victim) == ContainerState::kExited; });
  CHECK(harness.runtime().container_status(victim)->exit_code == 137);

  REQUIRE(harness.run(harness.runtime().stop_container(running, seconds(0))));
  harness.run_until([&] { return exits.count(running) == 1; });
  REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox->id)));
  harness.restart();
  const auto nothing = harness.run(harness.runtime().recover());
  REQUIRE(nothing);
  CHECK(nothing->sandboxes.empty());
  CHECK(nothing->containers.empty());
}

}  // namespace

void check_runtime(const HarnessFactory& make) {
  const auto harness = make();
  const auto empty = harness->run(harness->runtime().recover());
  REQUIRE(empty);
  REQUIRE(empty->sandboxes.empty());
  SECTION("a container lives and ends") { check_life(*harness); }
  SECTION("exit codes are told") { check_exit_codes(*harness); }
  SECTION("removing a sandbox ends what runs in it") { check_removal_of_what_runs(*harness); }
  SECTION("commands run in a container") { check_commands(*harness); }
  SECTION("unknown ids") { check_unknown_ids(*harness); }
  SECTION("another agent adopts what the last one left") { check_restart(*harness); }
  // What the runtime watches belongs to the executor: let go before both are destroyed.
  harness->run(harness->runtime().detach());
}

}  // namespace skiff::nodeagent::testing

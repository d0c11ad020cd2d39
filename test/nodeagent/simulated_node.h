#pragma once

#include "nodeagent/agent.h"
#include "nodeagent/runtime/fake/fake_image_store.h"
#include "nodeagent/runtime/fake/fake_runtime.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/nodeagent/scripted_checks.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

namespace skiff::test {

using namespace skiff::nodeagent;
using namespace std::chrono_literals;

// A node with everything simulated but the agent.
struct Node {
  asio::io_context context;
  asio::thread_pool pool{1};
  FakeClock clock;
  FakeClient client{context.get_executor(), clock};
  FakeAddresses addresses;
  FakeImageStore images;
  FakeRuntime runtime{addresses, clock, FakeRuntime::Options{0ms, true, "0.1.0"}};
  ScriptedChecks checks{context.get_executor()};
  AgentOptions options;
  std::unique_ptr<NodeAgent> agent;

  Node() {
    options.node_name = "n1";
    options.internal_ip = "192.168.7.1";
    options.announced = false;  // the events are those of pods
    options.capacity = NodeCapacity{2000, 4LL << 30, 10LL << 30, 110};
  }
  ~Node() { stop(); }

  // Probes and hooks are run, by script.
  void use_checks() { options.checks = &checks; }

  void start() {
    agent = std::make_unique<NodeAgent>(client, runtime, images, clock, context.get_executor(), pool, options);
    const auto started = run(context, agent->start());
    REQUIRE(started.has_value());
  }
  void stop() {
    if (!agent) return;
    run(context, agent->stop());
    agent.reset();
  }

  Json pod(const std::string& name = "web") {
    const api::ObjectPtr found = client.peek(api::kPods, {"default", name});
    return found ? *found : Json();
  }
  std::string phase(const std::string& name = "web") { return string_at(pod(name), {"status", "phase"}); }
  // The state of the only container: "running", "terminated" or a waiting reason.
  std::string state() {
    const Json statuses = pod()["status"]["containerStatuses"];
    if (!statuses.is_array() || statuses.empty()) return "";
    const Json& state = statuses[0]["state"];
    if (state.contains("waiting")) return state["waiting"]["reason"];
    return state.contains("running") ? "running" : "terminated";
  }
  void until(const std::function<bool()>& done) { run_until(context, done); }
  void until_running() {
    until([this] { return phase() == "Running" && state() == "running"; });
  }
  // Time goes by, and the agent looks at the clock.
  void advance(std::chrono::nanoseconds time) {
    clock.advance(time);
    client.modify(api::kPods, {"default", "web"},
                  [this](Json& pod) { pod["metadata"]["labels"]["now"] = format_time(clock.now()); });
    run_ready(context);
  }
  bool is_ready() { return string_at(*condition_of(pod()["status"], "Ready"), {"status"}) == "True"; }
  std::set<std::string> event_messages() {
    std::set<std::string> messages;
    for (const auto& event : client.peek_all(api::kEvents))
      messages.insert(string_at(*event, {"reason"}) + ": " + string_at(*event, {"message"}));
    return messages;
  }
};

}  // namespace skiff::test

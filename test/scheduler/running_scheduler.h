#pragma once

#include "scheduler/scheduler.h"
#include "test/scheduler/objects.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace skiff::test {

// The scheduler over the API in a map. It begins with start(): what was put before is there at once.
struct RunningScheduler {
  asio::io_context io;
  FakeClock clock;
  FakeClient client{io.get_executor(), clock};
  api::InformerFactory informers{io.get_executor(), client};
  scheduler::Scheduler scheduler{io.get_executor(), client, informers, clock};

  void start() {
    informers.start();
    REQUIRE(run(io, informers.wait_until_synced()));
    scheduler.start();
  }
  ~RunningScheduler() {
    run(io, scheduler.stop());
    run(io, informers.stop());
  }
  void add_node(const std::string& name, const std::string& spec = "{}") {
    client.put(api::kNodes, node_object(name, spec));
  }
  void add_pod(const std::string& name, const std::string& spec = "{}") {
    client.put(api::kPods, pod_object(name, spec));
  }
  Json pod(const std::string& name) { return *client.peek(api::kPods, {"default", name}); }
  std::string node_of(const std::string& name) { return string_at(pod(name), {"spec", "nodeName"}); }
  void until(const std::function<bool()>& condition) { run_until(io, condition); }
  std::vector<std::string> events(const std::string& reason) {
    std::vector<std::string> messages;
    for (const api::ObjectPtr& event : client.peek_all(api::kEvents)) {
      if ((*event)["reason"] == reason) messages.push_back((*event)["message"]);
    }
    return messages;
  }
};

}  // namespace skiff::test

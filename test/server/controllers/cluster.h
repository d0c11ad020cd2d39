#pragma once

#include "api/client/informer.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/controllers/context.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>
#include <vector>

namespace skiff::test {

// The workload of most tests.
inline const api::NamespacedName kWeb{"default", "web"};

// Controllers over the fake API, and what a test does to it as user and as kubelet. A controller is made with
// context(); then start() waits for the informers.
struct Cluster {
  asio::io_context io;
  FakeClock clock;
  FakeClient client{io.get_executor(), clock};
  api::InformerFactory informers{io.get_executor(), client};
  api::WorkQueueMetrics queue_metrics;

  [[nodiscard]] controllers::Context context() {
    return controllers::Context{io.get_executor(), client, informers, clock, queue_metrics};
  }

  template <class... Controllers>
  void start(Controllers&... controllers) {
    informers.start();
    if (!run(io, informers.wait_until_synced())) throw std::runtime_error("informers did not sync");
    (controllers.start(), ...);
  }
  template <class... Controllers>
  void stop(Controllers&... controllers) {
    (run(io, controllers.stop()), ...);
    run(io, informers.stop());
  }

  // Runs until the condition holds; fails the test when it never does.
  void until(const std::function<bool()>& condition) { run_until(io, condition); }

  // Runs until nothing has happened for longer than controllers put a sync off. Counted in turns of the loop, each of
  // which waits a little, and not by the clock, so that a busy machine does not look like a quiet cluster.
  void settle() {
    constexpr int kQuietTurns = 10;
    constexpr std::chrono::milliseconds kTurn{4};
    for (int quiet = 0; quiet < kQuietTurns; ++quiet) {
      if (io.stopped()) io.restart();
      if (io.run_one_for(kTurn) > 0) quiet = -1;
    }
  }

  [[nodiscard]] std::vector<api::ObjectPtr> pods() const { return client.peek_all(api::kPods); }
  // All pods that run no node yet become Running and Ready.
  void run_pods() {
    for (const api::ObjectPtr& pod : pods()) {
      if (!api::is_condition_true(*pod, "Ready")) set_ready(api::key_of(*pod), true);
    }
  }
  void set_ready(const api::NamespacedName& pod, bool ready) {
    client.modify(api::kPods, pod, [&](Json& object) {
      object["status"]["phase"] = "Running";
      const api::Condition condition{"Ready", ready ? "True" : "False", "", ""};
      api::set_condition(object, condition, clock.now());
    });
  }
  // Messages of the events of that reason, in order of their names (that is, of time).
  [[nodiscard]] std::vector<std::string> events(const std::string& reason) const {
    std::vector<std::string> messages;
    for (const api::ObjectPtr& event : client.peek_all(api::kEvents)) {
      if (string_at(*event, {"reason"}) == reason) messages.push_back(string_at(*event, {"message"}));
    }
    return messages;
  }
};

}  // namespace skiff::test

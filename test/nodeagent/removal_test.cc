// What cannot be removed at once is not forgotten.
#include "nodeagent/orphans.h"
#include "test/nodeagent/simulated_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;
using test::Node;

namespace {

// Makes every `operation` of the runtime fail until it is let go.
struct Stuck {
  Stuck(FakeRuntime& runtime, std::string operation) : runtime_(runtime) {
    runtime_.set_fault(
        [this, operation = std::move(operation)](std::string_view asked, const std::string&) -> std::optional<Error> {
          if (asked != operation) return std::nullopt;
          ++tries;
          return Error{ErrorCode::kUnavailable, "busy"};
        });
  }
  ~Stuck() { let_go(); }
  void let_go() { runtime_.set_fault(nullptr); }

  int tries = 0;

 private:
  FakeRuntime& runtime_;
};

void crash(Node& node, std::uint32_t next_attempt) {
  node.runtime.exit_container(node.runtime.find_container("main")->id, 3);
  test::run_ready(node.context);
  node.advance(1s);  // beyond the back-off
  node.until([&] { return node.runtime.find_container("main")->attempt == next_attempt && node.state() == "running"; });
}

}  // namespace

TEST_CASE("a run before the last one that cannot be removed is removed later") {
  Node node;
  node.options.restart_back_off.initial = 1ms;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  Stuck stuck(node.runtime, "remove_container");
  crash(node, 1);
  crash(node, 2);
  CHECK(node.runtime.snapshot().containers.size() == 3);
  CHECK(stuck.tries == 1);
  node.advance(9s);
  CHECK(stuck.tries == 1);
  node.advance(1s);
  CHECK(stuck.tries == 2);
  stuck.let_go();
  node.advance(10s);
  node.until([&] { return node.runtime.snapshot().containers.size() == 2; });
}

TEST_CASE("a pod is not gone while a sandbox of it is left") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  Stuck stuck(node.runtime, "remove_sandbox");
  node.runtime.exit_sandbox(node.runtime.snapshot().sandboxes[0].id);
  node.until([&] { return node.runtime.snapshot().sandboxes.size() == 2 && node.state() == "running"; });

  node.client.modify(api::kPods, {"default", "web"}, [](Json& pod) {
    pod["metadata"]["finalizers"] = Json::array({"example.com/hold"});  // the fake API has no grace periods
    pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
    pod["metadata"]["deletionGracePeriodSeconds"] = 30;
  });
  test::run_ready(node.context);
  node.advance(10s);
  CHECK(node.agent->pods() == 1);
  CHECK(node.client.count_requests("delete pods") == 0);
  stuck.let_go();
  node.advance(10s);
  node.until([&] { return node.agent->pods() == 0; });
  CHECK(node.runtime.snapshot().sandboxes.empty());
  CHECK(node.client.count_requests("delete pods") == 1);
}

TEST_CASE("orphans") {
  asio::io_context context;
  asio::thread_pool pool{1};
  test::FakeClock clock;
  FakeAddresses addresses;
  FakeRuntime runtime{addresses, clock, FakeRuntime::Options()};
  TaskGroup tasks{context.get_executor()};
  SandboxConfig config;
  config.key.pod_uid = "u1";
  REQUIRE(test::run(context, runtime.run_sandbox(config)).has_value());
  const PodRemains remains{runtime.snapshot().sandboxes, {}};
  Stuck stuck(runtime, "remove_sandbox");

  SECTION("are tried again until they are gone") {
    Orphans orphans(context.get_executor(), tasks, runtime, nullptr, pool, 1ms);
    orphans.remove("u1", remains);
    test::run_until(context, [&] { return stuck.tries >= 3; });
    CHECK(runtime.snapshot().sandboxes.size() == 1);
    stuck.let_go();
    test::run(context, tasks.join());
    CHECK(runtime.snapshot().sandboxes.empty());
  }
  SECTION("do not keep an agent from ending") {
    Orphans orphans(context.get_executor(), tasks, runtime, nullptr, pool, 24h);
    orphans.remove("u1", remains);
    test::run_until(context, [&] { return stuck.tries == 1; });
    orphans.stop();
    test::run(context, tasks.join());
    CHECK(stuck.tries == 1);
  }
}

#include "nodeagent/runtime/fake/fake_nodes.h"

#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

// So many simulated nodes and a cluster for them.
struct ManyNodes {
  explicit ManyNodes(std::size_t count, std::size_t pods_at_a_time = FakeNodesOptions().pods_at_a_time)
      : options(make_options(count, pods_at_a_time)) {
    REQUIRE(test::run(context, nodes.start()).has_value());
  }
  static FakeNodesOptions make_options(std::size_t count, std::size_t pods_at_a_time) {
    FakeNodesOptions options;
    options.count = count;
    options.record_events = false;
    options.pods_at_a_time = pods_at_a_time;
    return options;
  }

  // Pods on each node in turn: NAME0, NAME1, ...
  void put_pods(const std::string& name, std::size_t pods) {
    for (std::size_t i = 0; i < pods; ++i) {
      Json pod = test::make_pod(name + std::to_string(i));
      pod["spec"]["nodeName"] = "fake-" + std::to_string(i % options.count + 1);
      client.put(api::kPods, pod);
    }
  }
  [[nodiscard]] std::size_t running() const {
    std::size_t count = 0;
    for (const auto& pod : client.peek_all(api::kPods)) count += string_at(*pod, {"status", "phase"}) == "Running";
    return count;
  }
  // Pods that have been worked on.
  [[nodiscard]] std::size_t begun() {
    std::size_t count = 0;
    for (const std::string& node : FakeNodes::names(options)) {
      count += nodes.runtime_of(node)->snapshot().sandboxes.size();
    }
    return count;
  }

  asio::io_context context;
  asio::thread_pool pool{1};
  test::FakeClock clock;
  test::FakeClient client{context.get_executor(), clock};
  FakeNodesOptions options;
  FakeNodes nodes{client, clock, context.get_executor(), pool, options};
};

}  // namespace

TEST_CASE("many simulated nodes share one watch of pods") {
  constexpr std::size_t kNodes = 50;
  constexpr std::size_t kPods = 150;
  ManyNodes cluster(kNodes);
  CHECK(cluster.client.peek_all(api::kNodes).size() == kNodes);

  cluster.put_pods("p", kPods);
  test::run_until(cluster.context, [&] { return cluster.running() == kPods; });
  CHECK(cluster.client.count_requests("watch pods") == 1);

  std::set<std::string> addresses;
  for (const auto& pod : cluster.client.peek_all(api::kPods)) addresses.insert(string_at(*pod, {"status", "podIP"}));
  CHECK(addresses.size() == kPods);

  SECTION("a pod's logs are empty") {
    api::LogOptions log;
    auto stream = test::run(cluster.context, cluster.nodes.logs({"default", "p7"}, log));
    REQUIRE(stream.has_value());
    CHECK_FALSE(test::run(cluster.context, (*stream)->next()).value().has_value());
    CHECK(test::run(cluster.context, cluster.nodes.logs({"default", "nobody"}, log)).error().reason ==
          api::Reason::kNotFound);
  }
  SECTION("a container that ends is restarted on its node only") {
    FakeRuntime* runtime = cluster.nodes.runtime_of("fake-5");
    REQUIRE(runtime != nullptr);
    const std::string id = runtime->snapshot().containers[0].id;
    runtime->exit_container(id, 1);
    test::run_until(cluster.context, [&] { return runtime->snapshot().containers.size() == 4; });
    CHECK(cluster.nodes.runtime_of("fake-6")->snapshot().containers.size() == 3);
  }
  test::run(cluster.context, cluster.nodes.stop());
}

TEST_CASE("simulated nodes of different processes give different addresses") {
  FakeAddresses here;
  CHECK(here.next() == "10.128.0.1");
  CHECK(here.next() == "10.128.0.2");
  std::set<std::string> addresses;
  for (const char* name : {"a-1", "a-2", "b-1", "node-1"}) {
    FakeAddresses elsewhere(name);
    for (int i = 0; i < 1000; ++i) addresses.insert(elsewhere.next());
  }
  CHECK(addresses.size() == 4000);
  CHECK(addresses.begin()->starts_with("10."));
  CHECK(FakeAddresses("a-1").next() == FakeAddresses("a-1").next());
}

TEST_CASE("simulated nodes work on so many pods at a time") {
  constexpr std::size_t kPods = 60;
  ManyNodes cluster(10, 3);
  cluster.put_pods("p", kPods);
  std::size_t most = 0;
  test::run_until(cluster.context, [&] {
    most = std::max(most, cluster.begun() - cluster.running());
    return cluster.running() == kPods;
  });
  CHECK(most == 3);

  SECTION("a pod that waits for its back-off takes no turn") {
    for (int i = 1; i <= 3; ++i) {
      FakeRuntime* runtime = cluster.nodes.runtime_of("fake-" + std::to_string(i));
      runtime->set_fault([](std::string_view operation, const std::string&) {
        return operation == "start_container" ? std::optional(Error{ErrorCode::kUnavailable, "not now"}) : std::nullopt;
      });
      runtime->exit_container(runtime->snapshot().containers[0].id, 1);
    }
    Json pod = test::make_pod("another");
    pod["spec"]["nodeName"] = "fake-4";
    cluster.client.put(api::kPods, pod);
    test::run_until(cluster.context, [&] { return cluster.running() == kPods + 1; });
  }
  SECTION("stopping does not wait for those who have had no turn") {
    cluster.put_pods("late", kPods);
    test::run_until(cluster.context, [&] { return cluster.begun() > kPods; });
  }
  test::run(cluster.context, cluster.nodes.stop());
  const auto begun_when_stopped = cluster.begun();
  test::run_ready(cluster.context);
  CHECK(cluster.begun() == begun_when_stopped);
}

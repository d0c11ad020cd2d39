#include "nodeagent/pressure/pressure_watch.h"

#include "api/views/meta.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

namespace skiff::nodeagent {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kGibibyte = 1LL << 30;

// A node whose figures are as the test says, and whose pods are evicted on paper.
struct Watched {
  asio::io_context context;
  asio::thread_pool pool{1};
  test::FakeClock clock;
  NodeFigures figures{{EvictionSignal::kMemoryAvailable, {kGibibyte, 4 * kGibibyte}},
                      {EvictionSignal::kNodeFsAvailable, {50 * kGibibyte, 100 * kGibibyte}}};
  NodeFigures after_cleaning;  // of the disk; empty: as before
  bool has_pods = false;
  std::map<std::string, std::int64_t> running;  // uid -> memory in use
  std::vector<NodePressure> reports;
  std::vector<std::string> warnings;
  std::vector<std::string> evicted;
  int measured = 0;
  int cleaned = 0;
  std::unique_ptr<PressureWatch> watch;

  explicit Watched(const std::string& thresholds, bool evict = true) {
    PressureWatch::Options options;
    const auto parsed = parse_eviction_thresholds(thresholds);
    REQUIRE(parsed);
    options.thresholds = *parsed;
    options.evict = evict;
    options.period = 1ms;
    options.measure = [this] {
      ++measured;
      return figures;
    };
    PressureWatch::Owner owner;
    owner.has_pods = [this] { return has_pods; };
    owner.report = [this](const NodePressure& pressure) { reports.push_back(pressure); };
    owner.warn = [this](const std::string& reason, const std::string& message) {
      warnings.push_back(reason + ": " + message);
    };
    owner.reclaim_disk = [this] { return clean(); };
    owner.find_candidates = [this](EvictionSignal) { return candidates(); };
    owner.evict = [this](const PodUse& pod, const std::string& message) {
      evicted.push_back(api::uid_of(*pod.pod) + ": " + message);
    };
    owner.is_running = [this](const std::string& uid) { return running.contains(uid); };
    watch = std::make_unique<PressureWatch>(std::move(options), std::move(owner), clock, context.get_executor(), pool);
  }

  Task<void> clean() {
    ++cleaned;
    for (const auto& [signal, amount] : after_cleaning) figures[signal] = amount;
    co_return;
  }
  Task<std::vector<PodUse>> candidates() {
    std::vector<PodUse> pods;
    for (const auto& [uid, memory] : running) {
      PodUse& pod = pods.emplace_back();
      Json document = test::make_pod(uid);
      document["metadata"]["uid"] = uid;
      pod.pod = std::make_shared<const Json>(std::move(document));
      pod.use.memory_bytes = memory;
    }
    co_return pods;
  }
  void look() { test::run(context, watch->look()); }
  void have_memory(std::int64_t available) { figures[EvictionSignal::kMemoryAvailable].available = available; }
};

}  // namespace

TEST_CASE("pressure is reported when it changes") {
  Watched node("memory.available<100Mi", false);
  node.running["small"] = 1;
  node.look();
  CHECK(node.reports.empty());
  node.have_memory(1);
  node.look();
  node.look();
  CHECK(node.reports == std::vector{NodePressure{true, false, false}});
  node.have_memory(kGibibyte);
  node.clock.advance(5min);
  node.look();
  REQUIRE(node.reports.size() == 2);
  CHECK(node.reports[1] == NodePressure());
  // Nothing was acted upon.
  CHECK(node.evicted.empty());
  CHECK(node.warnings.empty());
  node.have_memory(1);
  node.look();
  CHECK_FALSE(node.watch->refuses(test::make_pod()));
}

TEST_CASE("pods give way one after the other") {
  Watched node("memory.available<100Mi");
  node.running = {{"big", 3 * kGibibyte}, {"small", kGibibyte}};
  node.have_memory(50 << 20);
  node.look();
  const std::string why = ": The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ";
  CHECK(node.evicted == std::vector<std::string>{"big" + why});
  CHECK(node.warnings == std::vector<std::string>{"EvictionThresholdMet: Attempting to reclaim memory"});
  CHECK(node.watch->refuses(test::make_pod()) == "The node had condition: [MemoryPressure]. ");

  SECTION("the next when the first has ended") {
    node.look();
    CHECK(node.evicted.size() == 1);
    node.running.erase("big");
    node.look();
    CHECK(node.evicted == std::vector<std::string>{"big" + why, "small" + why});
    CHECK(node.warnings.size() == 1);
  }
  SECTION("nobody else when that was enough") {
    node.running.erase("big");
    node.have_memory(kGibibyte);
    node.look();
    CHECK(node.evicted.size() == 1);
    // The node says that it is under pressure for some time yet.
    CHECK(node.watch->refuses(test::make_pod()));
    node.have_memory(1);
    node.look();
    CHECK(node.warnings.size() == 2);
  }
  SECTION("or when it takes too long to end") {
    node.clock.advance(31s);
    node.look();
    CHECK(node.evicted.size() == 2);
  }
}

TEST_CASE("what nobody uses goes before a pod does") {
  Watched node("nodefs.available<10%");
  node.running = {{"only", 1}};
  node.figures[EvictionSignal::kNodeFsAvailable].available = kGibibyte;
  SECTION("and that is enough") {
    node.after_cleaning[EvictionSignal::kNodeFsAvailable] = {20 * kGibibyte, 100 * kGibibyte};
    node.look();
    CHECK(node.cleaned == 1);
    CHECK(node.evicted.empty());
    CHECK(node.reports == std::vector{NodePressure{false, true, false}});
    CHECK(node.warnings == std::vector<std::string>{"EvictionThresholdMet: Attempting to reclaim ephemeral-storage"});
  }
  SECTION("and that is not") {
    node.after_cleaning[EvictionSignal::kNodeFsAvailable] = {2 * kGibibyte, 100 * kGibibyte};
    node.look();
    CHECK(node.cleaned == 1);
    REQUIRE(node.evicted.size() == 1);
    CHECK(node.evicted[0].find("available: 2Gi") != std::string::npos);
  }
  SECTION("memory is seen to first, for which that does nothing") {
    Watched both("nodefs.available<10%,memory.available<2Gi");
    both.running = node.running;
    both.figures[EvictionSignal::kNodeFsAvailable].available = kGibibyte;
    both.look();
    CHECK(both.cleaned == 0);
    REQUIRE(both.evicted.size() == 1);
    CHECK(both.evicted[0].find("low on resource: memory") != std::string::npos);
  }
}

TEST_CASE("nothing is measured while there is nothing to lose") {
  Watched node("memory.available<100Mi");
  test::run(node.context, node.watch->start());
  CHECK(node.measured == 1);
  for (int turn = 0; turn < 3; ++turn) test::run_ready(node.context);
  CHECK(node.measured == 1);

  // A pod comes, and with it the reason to look.
  node.has_pods = true;
  node.watch->pod_came();
  test::run_until(node.context, [&] { return node.measured >= 4; });

  // Pressure that was reported must be seen to end.
  node.have_memory(1);
  test::run_until(node.context, [&] { return node.reports.size() == 1; });
  node.has_pods = false;
  node.have_memory(kGibibyte);
  node.clock.advance(5min);
  test::run_until(node.context, [&] { return node.reports.size() == 2; });
  test::run(node.context, node.watch->stop());
}

TEST_CASE("without thresholds nothing is measured at all") {
  Watched node("");
  test::run(node.context, node.watch->start());
  CHECK(node.measured == 0);
  test::run(node.context, node.watch->stop());
}

}  // namespace skiff::nodeagent

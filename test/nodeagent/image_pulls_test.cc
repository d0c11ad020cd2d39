// Pods that wait for images, on a node whose image store is simulated.
#include "test/nodeagent/simulated_node.h"

#include <catch2/catch.hpp>

#include <thread>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const std::string kSlow = "example.com/slow:1";

// They begin on other threads.
void wait_for_pulls(const FakeImageStore& images, int count) {
  while (images.pulls() < count) std::this_thread::yield();
}

struct NodeWithSlowRegistry : test::Node {
  asio::thread_pool pull_pool{1};

  NodeWithSlowRegistry() {
    options.pull_pool = &pull_pool;
    images.set_absent(kSlow, "");
    images.hold(kSlow);
    start();
  }
  ~NodeWithSlowRegistry() { stop(); }

  void put_pod(const std::string& name, const std::string& image) {
    Json pod = test::make_pod(name);
    pod["spec"]["containers"][0]["image"] = image;
    client.put(api::kPods, pod);
  }
  // Pods that have begun to wait for a pull.
  std::size_t pulling() {
    std::size_t count = 0;
    for (const auto& event : client.peek_all(api::kEvents)) count += string_at(*event, {"reason"}) == "Pulling" ? 1 : 0;
    return count;
  }
  void until_pulled_by(std::size_t pods) {
    until([this, pods] { return pulling() == pods; });
    wait_for_pulls(images, 1);
  }
  void delete_pod(const std::string& name) {
    client.modify(api::kPods, {"default", name}, [](Json& pod) {
      pod["metadata"]["finalizers"] = Json::array({"example.com/hold"});  // the fake API has no grace periods
      pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
      pod["metadata"]["deletionGracePeriodSeconds"] = 30;
    });
  }
  bool anything_failed() {
    for (const auto& event : client.peek_all(api::kEvents)) {
      if (string_at(*event, {"reason"}) == "Failed") return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("an image is fetched once for all pods that wait for it") {
  NodeWithSlowRegistry node;
  node.put_pod("web", kSlow);
  node.put_pod("other", kSlow);
  node.until_pulled_by(2);
  node.images.release(kSlow);
  node.until([&] { return node.phase("web") == "Running" && node.phase("other") == "Running"; });
  CHECK(node.images.pulls() == 1);
}

TEST_CASE("a slow pull keeps no other pod waiting") {
  NodeWithSlowRegistry node;
  node.put_pod("web", kSlow);
  node.until_pulled_by(1);
  node.put_pod("other", "nginx:1.13");
  node.until([&] { return node.phase("other") == "Running"; });
  CHECK(node.state() == "ContainerCreating");
}

TEST_CASE("a pull ends with the last pod that waits for it") {
  NodeWithSlowRegistry node;
  node.put_pod("web", kSlow);
  node.put_pod("other", kSlow);
  node.until_pulled_by(2);
  node.delete_pod("web");
  node.until([&] { return node.agent->pods() == 1; });

  SECTION("not before") {
    node.images.release(kSlow);
    node.until([&] { return node.phase("other") == "Running"; });
    CHECK(node.images.pulls() == 1);
  }
  SECTION("then at once, and the thread is free for the next") {
    node.delete_pod("other");
    node.until([&] { return node.agent->pods() == 0; });
    node.images.set_absent("example.com/quick:1", "");
    node.put_pod("third", "example.com/quick:1");
    node.until([&] { return node.phase("third") == "Running"; });
  }
  CHECK_FALSE(node.anything_failed());
}

TEST_CASE("a pull ends with the time that its pod has") {
  NodeWithSlowRegistry node;
  Json pod = test::make_pod();
  pod["spec"]["containers"][0]["image"] = kSlow;
  pod["spec"]["activeDeadlineSeconds"] = 1;
  // The pod's time began with this second, of which little is left.
  pod["status"]["startTime"] = format_time(node.clock.now());
  node.clock.advance(995ms);
  node.client.put(api::kPods, pod);
  node.until_pulled_by(1);
  node.clock.advance(5ms);
  node.until([&] { return node.phase() == "Failed"; });
  CHECK(node.pod()["status"]["reason"] == "DeadlineExceeded");
  CHECK_FALSE(node.anything_failed());
}

TEST_CASE("an agent that stops does not wait for a registry") {
  NodeWithSlowRegistry node;
  node.put_pod("web", kSlow);
  node.until_pulled_by(1);
  node.stop();  // within the limit of test::run()
  CHECK_FALSE(node.anything_failed());
}

TEST_CASE("a pull with other credentials is another one") {
  asio::io_context context;
  asio::thread_pool pool{2};
  FakeImageStore images;
  images.hold(kSlow);
  ImagePulls pulls(images, context.get_executor(), pool);
  int ended = 0;
  for (const char* user : {"ann", "ben", "ann"}) {
    auto pull = pulls.pull(kSlow, RegistryCredentials{user, "x"}, std::stop_token());
    asio::co_spawn(context, std::move(pull), [&ended](std::exception_ptr, const Result<Image>&) { ++ended; });
  }
  test::run_ready(context);
  wait_for_pulls(images, 2);
  images.release(kSlow);
  test::run_until(context, [&] { return ended == 3; });
  test::run(context, pulls.stop());
  CHECK(images.pulls() == 2);
}

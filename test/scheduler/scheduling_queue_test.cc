#include "scheduler/scheduling_queue.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;
using namespace std::chrono_literals;

namespace {

// The name of the pod that is next; "" when none is.
std::string next(SchedulingQueue& queue, SchedulingQueue::Time now) {
  const PodInfoPtr pod = queue.pop(now);
  return pod ? pod->name.name : "";
}

}  // namespace

TEST_CASE("SchedulingQueue") {
  SchedulingQueue queue;
  const SchedulingQueue::Time now{};

  SECTION("the highest priority first, then the one that waits longest") {
    queue.add(pod_info("a"));
    queue.add(pod_info("b", R"({"priority": 10})"));
    queue.add(pod_info("c"));
    queue.add(pod_info("d", R"({"priority": 10})"));
    for (const char* name : {"b", "d", "a", "c", ""}) CHECK(next(queue, now) == name);
  }
  SECTION("pods are counted by where they are, and so are their attempts") {
    using Place = SchedulingQueue::Place;
    const auto counts = [&queue] {
      return std::vector<std::size_t>{queue.count(Place::kActive), queue.count(Place::kInHand),
                                      queue.count(Place::kUnschedulable), queue.count(Place::kBackingOff)};
    };
    for (const char* name : {"a", "b", "c"}) queue.add(pod_info(name));
    CHECK(counts() == std::vector<std::size_t>{3, 0, 0, 0});
    for (const char* name : {"a", "b"}) CHECK(next(queue, now) == name);
    CHECK(counts() == std::vector<std::size_t>{1, 2, 0, 0});
    queue.reject("a", kPodGone, now);
    queue.put_back("b", now);
    CHECK(counts() == std::vector<std::size_t>{1, 0, 1, 1});
    queue.happened(kPodGone, now);
    CHECK(counts() == std::vector<std::size_t>{1, 0, 0, 2});
    CHECK(next(queue, now + 2s) == "a");
    CHECK(queue.attempt("a").number == 2);
    CHECK(queue.attempt("a").first_begin == now);
    CHECK(queue.attempt("a").begin == now + 2s);
    for (const char* name : {"a", "b", "c"}) queue.remove(name);
    CHECK(counts() == std::vector<std::size_t>{0, 0, 0, 0});
  }
  SECTION("a pod is known until it is removed") {
    queue.add(pod_info("a"));
    queue.add(pod_info("a"));
    CHECK(next(queue, now) == "a");
    CHECK(next(queue, now).empty());
    CHECK(queue.contains("a"));
    queue.remove("a");
    CHECK(queue.size() == 0);
    queue.reject("a", kPodGone, now);
    CHECK(queue.size() == 0);
  }
  SECTION("what fits nowhere waits for an event that may help, and for its back-off") {
    queue.add(pod_info("a"));
    REQUIRE(next(queue, now) == "a");
    queue.reject("a", kNodeAdded | kPodGone, now);
    queue.happened(kNodeTaintsChanged, now + 2s);
    CHECK(next(queue, now + 2s).empty());
    queue.happened(kPodGone, now + 500ms);
    CHECK(next(queue, now + 999ms).empty());
    CHECK(queue.next_due() == now + 1s);
    CHECK(next(queue, now + 1s) == "a");
    SECTION("at once when its back-off is over") {
      queue.reject("a", kNodeAdded, now + 1s);
      queue.happened(kNodeAdded, now + 4s);
      CHECK(next(queue, now + 4s) == "a");
    }
    SECTION("which doubles") {
      queue.reject("a", kNodeAdded, now + 1s);
      queue.happened(kNodeAdded, now + 1s);
      CHECK(queue.next_due() == now + 3s);
    }
  }
  SECTION("the back-off ends at ten seconds") {
    queue.add(pod_info("a"));
    SchedulingQueue::Time time = now;
    for (int i = 0; i < 8; ++i) {
      REQUIRE(next(queue, time) == "a");
      queue.put_back("a", time);
      const auto due = queue.next_due();
      REQUIRE(due);
      CHECK(*due - time <= 10s);
      if (i == 7) CHECK(*due - time == 10s);
      time = *due;
    }
  }
  SECTION("a pod that changes is tried again at once") {
    queue.add(pod_info("a"));
    REQUIRE(next(queue, now) == "a");
    queue.reject("a", kNodeAdded, now);
    queue.update(pod_info("a"), false);
    CHECK(next(queue, now).empty());
    queue.update(pod_info("a"), true);
    CHECK(next(queue, now) == "a");
  }
  SECTION("after five minutes without an event it is tried again") {
    queue.add(pod_info("a"));
    REQUIRE(next(queue, now) == "a");
    queue.reject("a", kNodeAdded, now);
    CHECK(next(queue, now + 299s).empty());
    CHECK(next(queue, now + 300s) == "a");
  }
  SECTION("removed wherever it waits") {
    for (const char* name : {"active", "backing-off", "unschedulable"}) queue.add(pod_info(name));
    REQUIRE(next(queue, now) == "active");
    REQUIRE(next(queue, now) == "backing-off");
    REQUIRE(next(queue, now) == "unschedulable");
    queue.put_back("backing-off", now);
    queue.reject("unschedulable", kPodGone, now);
    queue.add(pod_info("new"));
    for (const char* name : {"active", "backing-off", "unschedulable", "new"}) queue.remove(name);
    CHECK(queue.size() == 0);
    CHECK(queue.next_due() == std::nullopt);
    CHECK(next(queue, now + 1h).empty());
  }
}

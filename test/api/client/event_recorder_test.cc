#include "api/client/event_recorder.h"

#include "api/views/meta.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::api;
using namespace skiff::test;
using namespace std::chrono_literals;

namespace {

struct RecorderFixture {
  asio::io_context context;
  FakeClock clock;
  FakeClient client{context.get_executor(), clock};
  EventRecorder recorder{context.get_executor(), client, clock, EventRecorder::Source{"kubelet", "node-1"}};
  Json pod = {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", {{"name", "web"}, {"namespace", "default"}, {"uid", "u1"}, {"resourceVersion", "7"}}}};

  RecorderFixture() { recorder.start(); }
  ~RecorderFixture() { run(context, recorder.stop()); }
  std::vector<ObjectPtr> events() {
    run_ready(context);
    return client.peek_all(kEvents);
  }
};

}  // namespace

TEST_CASE("EventRecorder writes an Event as kubectl expects it") {
  RecorderFixture fixture;
  Happening started{reference_to(fixture.pod, "spec.containers{nginx}"), EventType::kNormal, "Started",
                    "Started container nginx"};
  fixture.recorder.record(started);
  const auto events = fixture.events();
  REQUIRE(events.size() == 1);
  Json event = *events[0];
  CHECK(string_at(event, {"metadata", "name"}).starts_with("web.1"));
  CHECK(string_at(event, {"metadata", "namespace"}) == "default");
  event.erase("metadata");
  CHECK(event == Json::parse(R"({
    "apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": "Started", "message": "Started container nginx",
    "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "web", "uid": "u1",
                       "resourceVersion": "7", "fieldPath": "spec.containers{nginx}"},
    "source": {"component": "kubelet", "host": "node-1"}, "count": 1, "eventTime": null,
    "firstTimestamp": "2026-11-22T12:00:00Z", "lastTimestamp": "2026-11-22T12:00:00Z",
    "reportingComponent": "kubelet", "reportingInstance": "node-1"})"));
}

TEST_CASE("EventRecorder writes a series where upstream does") {
  RecorderFixture fixture;
  EventRecorder recorder{fixture.context.get_executor(), fixture.client, fixture.clock,
                         EventRecorder::Source{"default-scheduler", "master", true}};
  recorder.start();
  recorder.warning(fixture.pod, "FailedScheduling", "0/1 nodes are available", "Scheduling");
  auto events = fixture.events();
  REQUIRE(events.size() == 1);
  Json event = *events[0];
  event.erase("metadata");
  event.erase("involvedObject");
  CHECK(event == Json::parse(R"({
    "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "FailedScheduling", "action": "Scheduling",
    "message": "0/1 nodes are available", "eventTime": "2026-11-22T12:00:00.000000Z",
    "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-master"})"));
  fixture.clock.advance(28s);
  recorder.warning(fixture.pod, "FailedScheduling", "0/1 nodes are available", "Scheduling");
  events = fixture.events();
  REQUIRE(events.size() == 1);
  CHECK((*events[0])["eventTime"] == "2026-11-22T12:00:00.000000Z");
  CHECK((*events[0])["series"] == Json({{"count", 2}, {"lastObservedTime", "2026-11-22T12:00:28.000000Z"}}));
  run(fixture.context, recorder.stop());
}

TEST_CASE("EventRecorder folds what repeats") {
  RecorderFixture fixture;
  SECTION("before it is written") {
    for (int i = 0; i < 3; ++i) fixture.recorder.warning(fixture.pod, "BackOff", "again");
    const auto events = fixture.events();
    REQUIRE(events.size() == 1);
    CHECK((*events[0])["count"] == 3);
    CHECK(fixture.client.count_requests("create events") == 1);
  }
  SECTION("after it is written") {
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    CHECK(fixture.events().size() == 1);
    fixture.clock.advance(28s);
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    const auto events = fixture.events();
    REQUIRE(events.size() == 1);
    CHECK((*events[0])["count"] == 2);
    CHECK((*events[0])["firstTimestamp"] == "2026-11-22T12:00:00Z");
    CHECK((*events[0])["lastTimestamp"] == "2026-11-22T12:00:28Z");
  }
  SECTION("but not after ten minutes, and not another message or object") {
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    fixture.recorder.warning(fixture.pod, "BackOff", "other");
    Json other_pod = fixture.pod;
    other_pod["metadata"]["uid"] = "u2";
    fixture.recorder.warning(other_pod, "BackOff", "again");
    CHECK(fixture.events().size() == 3);
    fixture.clock.advance(601s);
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    CHECK(fixture.events().size() == 4);
  }
  SECTION("into a new Event when the old one has been removed") {
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    const auto events = fixture.events();
    REQUIRE(events.size() == 1);
    fixture.client.erase(kEvents, key_of(*events[0]));
    fixture.recorder.warning(fixture.pod, "BackOff", "again");
    run_until(fixture.context, [&] { return fixture.client.peek_all(kEvents).size() == 1; });
    CHECK((*fixture.client.peek_all(kEvents)[0])["count"] == 2);
  }
}

TEST_CASE("EventRecorder tries again when the server is busy and gives up when it is told no") {
  RecorderFixture fixture;
  fixture.client.fail("create events", unavailable("busy"), 2);
  fixture.recorder.normal(fixture.pod, "Pulled", "x");
  run_until(fixture.context, [&] { return fixture.client.peek_all(kEvents).size() == 1; });
  CHECK(fixture.client.count_requests("create events") == 3);

  fixture.client.fail("create events", forbidden("", "events", "x", "the namespace is being terminated"), 1);
  fixture.recorder.normal(fixture.pod, "Created", "y");
  run_ready(fixture.context);
  CHECK(fixture.client.peek_all(kEvents).size() == 1);
  CHECK(fixture.client.count_requests("create events") == 4);
}

TEST_CASE("EventRecorder remembers no longer than something can be counted up") {
  RecorderFixture fixture;
  fixture.recorder.warning(fixture.pod, "BackOff", "again");
  fixture.recorder.warning(fixture.pod, "BackOff", "other");
  const std::size_t pending = fixture.recorder.remembered();
  CHECK(fixture.events().size() == 2);
  CHECK(fixture.recorder.remembered() == pending);  // two Events, the group of both, the object
  fixture.clock.advance(2 * EventCorrelator::kWindow);
  fixture.recorder.forget_old();
  CHECK(fixture.recorder.remembered() == 1);
  fixture.clock.advance(2 * EventCorrelator::kBurst * EventCorrelator::kRefill);
  fixture.recorder.forget_old();
  CHECK(fixture.recorder.remembered() == 0);

  SECTION("but what is not written yet") {
    fixture.recorder.warning(fixture.pod, "BackOff", "later");
    fixture.clock.advance(5h);
    fixture.recorder.forget_old();
    CHECK(fixture.recorder.remembered() == 1);
    CHECK(fixture.events().size() == 3);
  }
}

TEST_CASE("EventRecorder notes nothing after its end") {
  RecorderFixture fixture;
  run(fixture.context, fixture.recorder.stop());
  fixture.recorder.normal(fixture.pod, "Pulled", "x");
  CHECK(fixture.recorder.remembered() == 0);
}

TEST_CASE("EventCorrelator") {
  EventCorrelator correlator;
  FakeClock clock;
  Happening happening;
  happening.object.name = "web";
  happening.reason = "SuccessfulCreate";

  SECTION("combines many similar messages and then runs out of budget") {
    int dropped = 0;
    for (int i = 0; i < 40; ++i) {
      happening.message = "Created pod: web-" + std::to_string(i);
      const EventCorrelator::Decision decision = correlator.decide(happening, clock.now());
      dropped += decision.drop ? 1 : 0;
      const bool combined = decision.message.starts_with("(combined from similar events): ");
      CHECK(combined == (i >= 9));
    }
    CHECK(dropped == 40 - EventCorrelator::kBurst);
    clock.advance(EventCorrelator::kRefill);
    CHECK(!correlator.decide(happening, clock.now()).drop);
    CHECK(correlator.decide(happening, clock.now()).drop);
  }
  SECTION("does not combine a message that it knows, nor forgets the first ones") {
    for (int i = 0; i < 15; ++i) {
      happening.message = std::to_string(i % 12);
      const bool combined = correlator.decide(happening, clock.now()).message != happening.message;
      CHECK(combined == (i >= 9 && i < 12));
    }
  }
  SECTION("keeps a budget until it is full again") {
    for (int i = 0; i < EventCorrelator::kBurst; ++i) CHECK(!correlator.decide(happening, clock.now()).drop);
    CHECK(correlator.decide(happening, clock.now()).drop);
    clock.advance(10 * EventCorrelator::kRefill);
    correlator.forget_old(clock.now());
    for (int i = 0; i < 10; ++i) CHECK(!correlator.decide(happening, clock.now()).drop);
    CHECK(correlator.decide(happening, clock.now()).drop);
  }
  SECTION("does not combine what is far apart in time") {
    for (int i = 0; i < 20; ++i) {
      happening.message = std::to_string(i);
      CHECK(correlator.decide(happening, clock.now()).message == happening.message);
      clock.advance(EventCorrelator::kWindow + 1s);
    }
  }
}

#include "nodeagent/node_registration.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

#include <set>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

struct RegistrationFixture {
  asio::io_context context;
  test::FakeClock clock;
  test::FakeClient client{context.get_executor(), clock};
  NodeDescription description;
  std::unique_ptr<NodeRegistration> registration;

  RegistrationFixture() {
    description.name = "n1";
    description.internal_ip = "10.0.0.1";
    description.presence.kubelet_port = 4711;
    description.presence.certificate_fingerprint = "abcd";
  }
  ~RegistrationFixture() {
    if (registration) test::run(context, registration->stop());
  }
  void make(std::chrono::milliseconds lease_duration) {
    description.presence.lease_duration = lease_duration;
    registration = std::make_unique<NodeRegistration>(context.get_executor(), client, clock, nullptr, description);
  }
  void start(std::chrono::milliseconds lease_duration) {
    make(lease_duration);
    test::run(context, registration->start());
  }
  api::ObjectPtr node() { return client.peek(api::kNodes, {"", "n1"}); }
  api::ObjectPtr lease() { return client.peek(api::kLeases, {"kube-node-lease", "n1"}); }
  void until(const std::function<bool()>& condition) { test::run_until(context, condition); }
};

}  // namespace

TEST_CASE("a node in the server's own process registers, and is silent from then on") {
  RegistrationFixture fixture;
  fixture.start(std::chrono::milliseconds(0));
  REQUIRE(fixture.node());
  CHECK(api::is_condition_true(*fixture.node(), "Ready"));
  const std::size_t requests = fixture.client.requests().size();
  test::run_ready(fixture.context);
  CHECK(fixture.client.requests().size() == requests);
  CHECK_FALSE(fixture.lease());
}

TEST_CASE("a node apart says where it is asked, and renews its lease") {
  RegistrationFixture fixture;
  fixture.start(std::chrono::milliseconds(8));
  CHECK(integer_at(*fixture.node(), {"status", "daemonEndpoints", "kubeletEndpoint", "Port"}) == 4711);
  CHECK(*api::annotation_of(*fixture.node(), kCertificateAnnotation) == "abcd");
  fixture.until([&] { return fixture.lease() != nullptr; });
  CHECK((*fixture.lease())["spec"]["holderIdentity"] == "n1");
  CHECK((*fixture.lease())["metadata"]["ownerReferences"][0]["uid"] == api::uid_of(*fixture.node()));

  fixture.clock.advance(std::chrono::seconds(5));
  const std::string renewed = format_micro_time(fixture.clock.now());
  fixture.until([&] { return (*fixture.lease())["spec"]["renewTime"] == renewed; });

  SECTION("and makes it again when the server has forgotten it") {
    fixture.client.erase(api::kLeases, {"kube-node-lease", "n1"});
    fixture.until([&] { return fixture.lease() != nullptr; });
  }
  SECTION("and goes on after errors") {
    fixture.client.fail("update leases", api::unavailable("down"), 3);
    fixture.clock.advance(std::chrono::seconds(5));
    const std::string later = format_micro_time(fixture.clock.now());
    fixture.until([&] { return (*fixture.lease())["spec"]["renewTime"] == later; });
  }
}

TEST_CASE("what others said about a node while it was not heard of is put right") {
  RegistrationFixture fixture;
  fixture.start(std::chrono::hours(1));
  fixture.client.modify(api::kNodes, {"", "n1"}, [&](Json& node) {
    const api::Condition unknown{"Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."};
    api::set_condition(node, unknown, fixture.clock.now());
    node["metadata"]["labels"]["mine"] = "stays";
  });
  fixture.until([&] { return api::is_condition_true(*fixture.node(), "Ready"); });
  CHECK((*fixture.node())["metadata"]["labels"]["mine"] == "stays");
  CHECK(string_at(*api::find_condition(*fixture.node(), "Ready"), {"reason"}) == "KubeletReady");
}

TEST_CASE("a node that somebody deleted is not made again") {
  RegistrationFixture fixture;
  fixture.start(std::chrono::milliseconds(8));
  fixture.until([&] { return fixture.lease() != nullptr; });
  fixture.client.erase(api::kNodes, {"", "n1"});
  fixture.clock.advance(std::chrono::seconds(5));
  const std::string later = format_micro_time(fixture.clock.now());
  fixture.until([&] { return (*fixture.lease())["spec"]["renewTime"] == later; });
  CHECK_FALSE(fixture.node());
}

TEST_CASE("a node is registered as soon as the server answers") {
  RegistrationFixture fixture;
  fixture.client.fail("get nodes", api::unavailable("down"), 2);
  fixture.start(std::chrono::hours(1));
  CHECK_FALSE(fixture.node());
  fixture.until([&] { return fixture.node() && fixture.lease(); });
}

TEST_CASE("a node tells which images it has") {
  RegistrationFixture fixture;
  Image small;
  small.size_bytes = 5;
  small.repo_tags = {"docker.io/library/small:1"};
  small.repo_digests = {"docker.io/library/small@sha256:1"};
  Image large;
  large.size_bytes = 7;
  large.repo_tags.assign(6, "docker.io/library/large:1");
  const Json both = list_images({small, large});
  REQUIRE(both.size() == 2);
  CHECK(both[0]["sizeBytes"] == 7);
  CHECK(both[0]["names"].size() == 5);
  CHECK(both[1]["names"] == Json::array({small.repo_digests[0], small.repo_tags[0]}));
  CHECK(list_images(std::vector<Image>(60, small)).size() == 50);

  fixture.make(std::chrono::milliseconds(0));
  fixture.registration->set_images(both);
  test::run(fixture.context, fixture.registration->start());
  CHECK((*fixture.node())["status"]["images"] == both);
  CHECK(fixture.client.count_requests("update nodes") == 0);

  const Json one = list_images({small});
  fixture.client.fail("update nodes", api::unavailable("down"));
  fixture.registration->set_images(one);
  fixture.until([&] { return (*fixture.node())["status"]["images"] == one; });
  fixture.registration->set_images(Json::array());
  fixture.until([&] { return !(*fixture.node())["status"].contains("images"); });

  SECTION("as long as nobody has deleted it") {
    fixture.client.erase(api::kNodes, {"", "n1"});
    fixture.registration->set_images(one);
    const std::size_t requests = fixture.client.requests().size();
    fixture.until([&] { return fixture.client.requests().size() > requests; });
    test::run_ready(fixture.context);
    CHECK_FALSE(fixture.node());
  }
}

TEST_CASE("what becomes of a node is told in events") {
  RegistrationFixture fixture;
  api::EventRecorder recorder(fixture.context.get_executor(), fixture.client, fixture.clock, {"kubelet", "n1"});
  recorder.start();
  const auto told = [&] {
    std::multiset<std::string> events;
    for (const auto& event : fixture.client.peek_all(api::kEvents)) {
      CHECK((*event)["involvedObject"]["kind"] == "Node");
      CHECK((*event)["involvedObject"]["uid"] == "n1");
      events.insert(string_at(*event, {"type"}) + " " + string_at(*event, {"reason"}) + ": " +
                    string_at(*event, {"message"}));
    }
    return events;
  };
  fixture.description.host.boot_id = "boot-1";
  const auto start = [&] {
    fixture.registration = std::make_unique<NodeRegistration>(fixture.context.get_executor(), fixture.client,
                                                              fixture.clock, &recorder, fixture.description);
    test::run(fixture.context, fixture.registration->start());
  };

  SECTION("of a new one") {
    start();
    const std::multiset<std::string> expected{
        "Normal Starting: Starting kubelet.",
        "Normal NodeHasSufficientMemory: Node n1 status is now: NodeHasSufficientMemory",
        "Normal NodeHasNoDiskPressure: Node n1 status is now: NodeHasNoDiskPressure",
        "Normal NodeHasSufficientPID: Node n1 status is now: NodeHasSufficientPID",
        "Normal NodeReady: Node n1 status is now: NodeReady",
    };
    fixture.until([&] { return told() == expected; });
  }
  SECTION("of one that was there") {
    fixture.client.put(api::kNodes, make_node(fixture.description, fixture.clock.now()));
    fixture.client.modify(api::kNodes, {"", "n1"}, [&](Json& node) {
      api::set_condition(node, {"Ready", "Unknown", "NodeStatusUnknown", ""}, fixture.clock.now());
    });
    fixture.description.host.boot_id = "boot-2";
    start();
    const std::multiset<std::string> expected{
        "Normal Starting: Starting kubelet.",
        "Normal NodeReady: Node n1 status is now: NodeReady",
        "Warning Rebooted: Node n1 has been rebooted, boot id: boot-2",
    };
    fixture.until([&] { return told() == expected; });
  }
  SECTION("but not of the start of one among thousands") {
    fixture.description.announced = false;
    start();
    test::run_ready(fixture.context);
    CHECK(told().empty());
  }
  test::run(fixture.context, recorder.stop());
}

TEST_CASE("a node in the server's own process may have a lease that does not end") {
  RegistrationFixture fixture;
  fixture.description.presence.standing_lease = true;
  fixture.client.fail("create leases", api::unavailable("not yet"));
  fixture.start(std::chrono::milliseconds(0));
  fixture.until([&] { return fixture.lease() != nullptr; });
  CHECK((*fixture.lease())["spec"]["holderIdentity"] == "n1");
  CHECK((*fixture.lease())["spec"].contains("renewTime"));
  CHECK_FALSE((*fixture.lease())["spec"].contains("leaseDurationSeconds"));
  test::run_ready(fixture.context);
  CHECK(fixture.client.count_requests("update leases") == 0);
}

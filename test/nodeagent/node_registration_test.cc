#include "nodeagent/node_registration.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

struct Fixture {
  asio::io_context context;
  test::FakeClock clock;
  test::FakeClient client{context.get_executor(), clock};
  NodeDescription description;
  std::unique_ptr<NodeRegistration> registration;

  Fixture() {
    description.name = "n1";
    description.internal_ip = "10.0.0.1";
    description.presence.kubelet_port = 4711;
    description.presence.certificate_fingerprint = "abcd";
  }
  ~Fixture() {
    if (registration) test::run(context, registration->stop());
  }
  void start(std::chrono::milliseconds lease_duration) {
    description.presence.lease_duration = lease_duration;
    registration = std::make_unique<NodeRegistration>(context.get_executor(), client, clock, nullptr, description);
    test::run(context, registration->start());
  }
  api::ObjectPtr node() { return client.peek(api::kNodes, {"", "n1"}); }
  api::ObjectPtr lease() { return client.peek(api::kLeases, {"kube-node-lease", "n1"}); }
  void until(const std::function<bool()>& condition) { test::run_until(context, condition); }
};

}  // namespace

TEST_CASE("a node in the server's own process registers, and is silent from then on") {
  Fixture fixture;
  fixture.start(std::chrono::milliseconds(0));
  REQUIRE(fixture.node());
  CHECK(api::is_condition_true(*fixture.node(), "Ready"));
  const std::size_t requests = fixture.client.requests().size();
  test::run_ready(fixture.context);
  CHECK(fixture.client.requests().size() == requests);
  CHECK_FALSE(fixture.lease());
}

TEST_CASE("a node apart says where it is asked, and renews its lease") {
  Fixture fixture;
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
  Fixture fixture;
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
  Fixture fixture;
  fixture.start(std::chrono::milliseconds(8));
  fixture.until([&] { return fixture.lease() != nullptr; });
  fixture.client.erase(api::kNodes, {"", "n1"});
  fixture.clock.advance(std::chrono::seconds(5));
  const std::string later = format_micro_time(fixture.clock.now());
  fixture.until([&] { return (*fixture.lease())["spec"]["renewTime"] == later; });
  CHECK_FALSE(fixture.node());
}

TEST_CASE("a node is registered as soon as the server answers") {
  Fixture fixture;
  fixture.client.fail("get nodes", api::unavailable("down"), 2);
  fixture.start(std::chrono::hours(1));
  CHECK_FALSE(fixture.node());
  fixture.until([&] { return fixture.node() && fixture.lease(); });
}

#include "nodeagent/pods/pod_tokens.h"

#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

Json pod_with_tokens(const Json& sources, const std::string& uid = "u1") {
  Json pod = test::make_pod();
  pod["metadata"]["uid"] = uid;
  pod["spec"]["serviceAccountName"] = "robot";
  Json projections = Json::array();
  for (const Json& source : sources) projections.push_back(Json{{"serviceAccountToken", source}});
  pod["spec"]["volumes"] = Json::array({Json{{"name", "v"}, {"projected", {{"sources", projections}}}}});
  return pod;
}

Json one_hour() { return Json::array({Json{{"path", "token"}, {"expirationSeconds", 3600}}}); }

struct TokenNode {
  asio::io_context context;
  test::FakeClock clock;
  test::FakeClient client{context.get_executor(), clock};
  std::vector<std::string> due;
  PodTokens tokens{context.get_executor(), client, clock, [this](const std::string& uid) { due.push_back(uid); }};

  ~TokenNode() { tokens.stop(); }
  api::Result<TokenSnapshot> get(const Json& pod) {
    return test::run(context, tokens.tokens(std::make_shared<const Json>(pod)));
  }
  // The only token of the pod; the error's message when there is none.
  std::string token(const Json& pod) {
    const auto snapshot = get(pod);
    if (!snapshot) return snapshot.error().message;
    REQUIRE(snapshot->size() == 1);
    return snapshot->begin()->second;
  }
  std::size_t requests() const { return client.count_requests("create serviceaccounts/token default/robot"); }
};

}  // namespace

TEST_CASE("a pod's tokens are kept until they are due") {
  TokenNode node;
  const Json pod = pod_with_tokens(one_hour());
  CHECK(node.token(pod) == "token-1");
  node.clock.advance(2879s);
  CHECK(node.token(pod) == "token-1");
  CHECK(node.requests() == 1);
  node.clock.advance(1s);  // four fifths of an hour
  CHECK(node.token(pod) == "token-2");
}

TEST_CASE("a token that lives long is replaced every day") {
  TokenNode node;
  const Json pod = pod_with_tokens(Json::array({Json{{"path", "token"}, {"expirationSeconds", 31536000}}}));
  CHECK(node.token(pod) == "token-1");
  node.clock.advance(24h - 1s);
  CHECK(node.token(pod) == "token-1");
  node.clock.advance(1s);
  CHECK(node.token(pod) == "token-2");
}

TEST_CASE("each audience and each life has its own token") {
  TokenNode node;
  const Json pod = pod_with_tokens(Json::parse(R"([
      {"path": "a", "expirationSeconds": 3600}, {"path": "b", "expirationSeconds": 3600},
      {"path": "c", "expirationSeconds": 3600, "audience": "vault"}, {"path": "d", "expirationSeconds": 7200}])"));
  const auto snapshot = node.get(pod);
  REQUIRE(snapshot);
  CHECK(snapshot->size() == 3);
  CHECK(node.requests() == 3);
  CHECK(snapshot->contains(TokenRequest{"vault", 3600s}));
}

TEST_CASE("a token that cannot be replaced serves as long as it is valid") {
  TokenNode node;
  const Json pod = pod_with_tokens(one_hour());
  CHECK(node.token(pod) == "token-1");
  node.client.fail("create serviceaccounts/token", api::internal_error("down"), 2);
  node.clock.advance(3000s);
  CHECK(node.token(pod) == "token-1");
  node.clock.advance(601s);
  CHECK(node.token(pod).find("down") != std::string::npos);
  CHECK(node.token(pod) == "token-2");
}

TEST_CASE("pods whose tokens are due are announced once") {
  TokenNode node;
  const Json due_at_once = Json::array({Json{{"path", "token"}, {"expirationSeconds", 0}}});
  REQUIRE(node.get(pod_with_tokens(one_hour(), "later")));
  REQUIRE(node.get(pod_with_tokens(due_at_once, "now")));
  test::run_until(node.context, [&node] { return !node.due.empty(); });
  node.context.poll();
  CHECK(node.due == std::vector<std::string>{"now"});
}

TEST_CASE("the tokens of a pod that is gone are forgotten") {
  TokenNode node;
  const Json pod = pod_with_tokens(one_hour());
  CHECK(node.token(pod) == "token-1");
  node.tokens.forget("u1");
  CHECK(node.token(pod) == "token-2");
}

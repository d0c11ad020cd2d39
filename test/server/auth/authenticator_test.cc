#include "server/auth/authenticator.h"

#include "api/base/ids.h"
#include "api/base/openssl.h"
#include "server/auth/certificate.h"
#include "test/server/auth/recording_handler.h"

#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <openssl/pem.h>

namespace skiff::server {

namespace {

class SettableClock final : public Clock {
 public:
  TimePoint now() const override { return time; }
  TimePoint time = TimePoint(std::chrono::seconds(1'800'000'000));
};

const std::vector<std::string> kOwn = {std::string(ServiceAccountTokens::kIssuer)};

ServiceAccountTokens new_tokens() { return *ServiceAccountTokens::create(*make_private_key()); }

ServiceAccountClaims default_account() {
  ServiceAccountClaims claims;
  claims.namespace_ = "default";
  claims.name = "builder";
  claims.uid = "uid-1";
  return claims;
}

struct AuthenticatedDoor {
  SettableClock clock;
  ServiceAccountTokens tokens = new_tokens();
  Authenticator authenticator{tokens, clock};
  RecordingHandler next;
  AuthenticatingHandler handler{authenticator, next};

  AuthenticatedDoor() {
    authenticator.add_token(TokenUser{"secret", api::User{"kubernetes-admin", {"system:masters"}, ""}});
  }

  Response send(Request request) {
    next.seen.reset();
    asio::io_context context;
    auto response = asio::co_spawn(context, handler.handle(std::move(request)), asio::use_future);
    context.run();
    return response.get();
  }
  Response send(const std::string& method, const std::string& path, const std::string& authorization = "") {
    Request request;
    request.method = method;
    request.path = path;
    if (!authorization.empty()) request.headers.add("authorization", authorization);
    return send(std::move(request));
  }
};

constexpr std::string_view kUnauthorized =
    R"({"apiVersion":"v1","code":401,"kind":"Status","message":"Unauthorized","metadata":{},"reason":"Unauthorized","status":"Failure"})";

}  // namespace

TEST_CASE_METHOD(AuthenticatedDoor, "only credentials that we know get through") {
  struct Row {
    std::string name;
    std::string authorization;
    bool accepted;
  };
  const auto row =
      GENERATE(Row{"the token", "Bearer secret", true}, Row{"scheme in any case", "bEARER secret", true},
               Row{"spaces around", "  Bearer   secret ", true}, Row{"nothing", "", false},
               Row{"wrong token", "Bearer secre", false}, Row{"longer token", "Bearer secret2", false},
               Row{"no token", "Bearer", false}, Row{"no scheme", "secret", false},
               Row{"other scheme", "Basic c2VjcmV0", false}, Row{"token as scheme", "Bearersecret", false});
  CAPTURE(row.name);
  const Response response = send("GET", "/api/v1/pods", row.authorization);
  CHECK(next.seen.has_value() == row.accepted);
  if (row.accepted) {
    CHECK(next.seen->user.name == "kubernetes-admin");
    CHECK(next.seen->user.groups == std::vector<std::string>{"system:masters", "system:authenticated"});
  } else {
    CHECK(response.status == 401);
    CHECK(response.headers.get("Content-Type") == "application/json");
    CHECK(Json::parse(text_of(response)) == Json::parse(kUnauthorized));
  }
}

TEST_CASE_METHOD(AuthenticatedDoor, "a script in a browser shows its token among a WebSocket's protocols") {
  const std::string bearer = "base64url.bearer.authorization.k8s.io.";
  const std::string secret = bearer + "c2VjcmV0";
  struct Row {
    std::string name;
    std::string upgrade;
    std::vector<std::string> protocols;  // a header each
    std::string authorization;
    bool accepted;
    std::string remaining;
  };
  const auto row = GENERATE_COPY(
      Row{"with another", "websocket", {secret + ", v4.channel.k8s.io"}, "", true, "v4.channel.k8s.io"},
      Row{"between others", "websocket", {"a," + secret, "b"}, "", true, "a,b"},
      Row{"alone", "websocket", {secret}, "", false, ""},
      Row{"twice", "websocket", {secret + "," + secret + ",a"}, "", false, ""},
      Row{"wrong", "websocket", {bearer + "c2VjcmU,a"}, "", false, ""},
      Row{"padded", "websocket", {bearer + "c2VjcmV0MQ==,a"}, "", false, ""},
      Row{"empty", "websocket", {bearer + ",a"}, "", false, ""},
      Row{"no WebSocket", "SPDY/3.1", {secret + ",a"}, "", false, ""},
      Row{"beside a wrong one in the header", "websocket", {secret + ",a"}, "Bearer other", true, "a"},
      Row{"beside a right one in the header", "websocket", {bearer + "eA,a"}, "Bearer secret", true, bearer + "eA,a"});
  CAPTURE(row.name);
  Request request;
  request.method = "GET";
  request.path = "/api/v1/pods";
  request.headers.add("Connection", "Upgrade");
  request.headers.add("Upgrade", row.upgrade);
  for (const std::string& protocols : row.protocols) request.headers.add("Sec-WebSocket-Protocol", protocols);
  if (!row.authorization.empty()) request.headers.add("Authorization", row.authorization);
  const Response response = send(std::move(request));
  CHECK(next.seen.has_value() == row.accepted);
  if (row.accepted) {
    CHECK(next.seen->user.name == "kubernetes-admin");
    CHECK(next.seen->headers.get("Sec-WebSocket-Protocol") == row.remaining);
  } else {
    CHECK(response.status == 401);
  }
}

TEST_CASE_METHOD(AuthenticatedDoor, "a token can be reviewed for any audience") {
  ServiceAccountClaims claims = default_account();
  claims.audiences = {"vault", "mail"};
  claims.pod_name = "web";
  claims.pod_uid = "uid-2";
  const std::string token = *tokens.issue(claims, clock.time);

  CHECK_FALSE(authenticator.review_token(token, {}));
  CHECK_FALSE(authenticator.review_token(token, {"other"}));
  const auto verified = authenticator.review_token(token, {"other", "vault"});
  REQUIRE(verified);
  CHECK(verified->audiences == std::vector<std::string>{"vault"});
  CHECK(verified->user.name == "system:serviceaccount:default:builder");
  CHECK(verified->user.in_group("system:authenticated"));
  CHECK(verified->user.extra.at("authentication.kubernetes.io/pod-name") == std::vector<std::string>{"web"});
  CHECK(verified->user.extra.at("authentication.kubernetes.io/credential-id").front().starts_with("JTI="));

  const auto listed = authenticator.review_token("secret", {});
  REQUIRE(listed);
  CHECK(listed->user.name == "kubernetes-admin");
  CHECK(listed->audiences == kOwn);
  CHECK_FALSE(authenticator.review_token("secret", {"vault"}));
}

TEST_CASE_METHOD(AuthenticatedDoor, "a client certificate is a credential") {
  Request request;
  request.method = "POST";
  request.path = "/api/v1/namespaces";
  request.certificate_user = api::User{"jane", {"dev", "system:authenticated"}, ""};
  send(std::move(request));
  REQUIRE(next.seen);
  CHECK(next.seen->user.name == "jane");
  CHECK(next.seen->user.groups == std::vector<std::string>{"dev", "system:authenticated"});
}

TEST_CASE_METHOD(AuthenticatedDoor, "a request cannot bring its own user along") {
  Request request;
  request.method = "GET";
  request.path = "/livez";
  request.user = api::User{"kubernetes-admin", {"system:masters"}, ""};
  send(std::move(request));
  REQUIRE(next.seen);
  CHECK(next.seen->user.name == "system:anonymous");
}

TEST_CASE_METHOD(AuthenticatedDoor, "health and version answer everybody, and nothing else does") {
  struct Row {
    std::string method;
    std::string path;
    bool open;
  };
  const auto row =
      GENERATE(Row{"GET", "/livez", true}, Row{"GET", "/readyz", true}, Row{"GET", "/healthz", true},
               Row{"GET", "/version", true}, Row{"GET", "/version/", true}, Row{"GET", "/livez/ping", true},
               Row{"GET", "/readyz/store", true}, Row{"GET", "/healthz/log", true}, Row{"HEAD", "/livez", true},
               Row{"POST", "/livez", false}, Row{"GET", "/livezz", false}, Row{"GET", "/version/x", false},
               Row{"GET", "/", false}, Row{"GET", "/api", false}, Row{"GET", "/apis", false},
               Row{"GET", "/openapi/v2", false}, Row{"GET", "/metrics", false}, Row{"GET", "//livez", false},
               Row{"GET", "/api/v1/namespaces/livez", false}, Row{"DELETE", "/version", false});
  CAPTURE(row.method, row.path);
  const Response response = send(row.method, row.path);
  CHECK(next.seen.has_value() == row.open);
  if (!row.open) {
    CHECK(response.status == 401);
    return;
  }
  CHECK(next.seen->user.name == "system:anonymous");
  CHECK(next.seen->user.groups == std::vector<std::string>{"system:unauthenticated"});

  INFO("but not those with a wrong token");
  CHECK(send(row.method, row.path, "Bearer wrong").status == 401);
  CHECK_FALSE(next.seen);
}

TEST_CASE_METHOD(AuthenticatedDoor, "service account tokens") {
  const std::string token = *tokens.issue(default_account(), clock.time);
  send("GET", "/api", "Bearer " + token);
  REQUIRE(next.seen);
  CHECK(next.seen->user.name == "system:serviceaccount:default:builder");
  CHECK(next.seen->user.uid == "uid-1");
  CHECK(next.seen->user.groups ==
        std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"});
  SECTION("expire") {
    clock.time += std::chrono::seconds(3599);
    CHECK(tokens.verify(token, kOwn, clock.time));
    clock.time += std::chrono::seconds(1);
    CHECK_FALSE(tokens.verify(token, kOwn, clock.time));
  }
  SECTION("are not valid before they are issued") {
    CHECK_FALSE(tokens.verify(token, kOwn, clock.time - std::chrono::seconds(1)));
  }
  SECTION("of another key are refused") { CHECK_FALSE(new_tokens().verify(token, kOwn, clock.time)); }
  SECTION("for others are refused") {
    ServiceAccountClaims claims = default_account();
    claims.audiences = {"vault"};
    CHECK_FALSE(tokens.verify(*tokens.issue(claims, clock.time), kOwn, clock.time));
    claims.audiences = {"vault", std::string(ServiceAccountTokens::kIssuer)};
    CHECK(tokens.verify(*tokens.issue(claims, clock.time), kOwn, clock.time));
  }
  SECTION("are refused when any byte is changed") {
    for (std::size_t i = 0; i < token.size(); ++i) {
      // The last character of each part may have bits that mean nothing; all others count.
      if (token[i] == '.' || i + 1 == token.size() || token[i + 1] == '.') continue;
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CAPTURE(i);
      CHECK_FALSE(tokens.verify(changed, kOwn, clock.time));
    }
  }
  SECTION("are refused when they are cut") {
    for (std::size_t length = 0; length < token.size(); ++length) {
      CHECK_FALSE(tokens.verify(token.substr(0, length), kOwn, clock.time));
    }
  }
  SECTION("without a signature are refused") {
    // {"alg":"none"} and the same claims
    const std::string claims = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
    CHECK_FALSE(tokens.verify("eyJhbGciOiJub25lIn0" + claims + ".", kOwn, clock.time));
  }
}

TEST_CASE("an RSA key that a user brought along signs RS256") {
  const openssl::KeyPtr key(EVP_RSA_gen(2048));
  const openssl::BioPtr pem = openssl::writer();
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  const auto tokens = ServiceAccountTokens::create(openssl::written(pem.get()));
  REQUIRE(tokens);
  const TimePoint now = SettableClock().time;
  const std::string token = *tokens->issue(default_account(), now);
  CHECK(token.starts_with(base64_encode(R"({"alg":"RS256",)")));
  CHECK(tokens->verify(token, kOwn, now));

  INFO("a token of the other algorithm is not looked at, whatever its signature");
  CHECK_FALSE(new_tokens().verify(token, kOwn, now));
}

TEST_CASE("a service account key must be one that we can sign with") {
  CHECK_FALSE(ServiceAccountTokens::create("nonsense"));
  CHECK_FALSE(ServiceAccountTokens::create(*public_key_of(*make_private_key())));
}

TEST_CASE("the token file") {
  const auto tokens = parse_token_file(
      "t1,alice,1\r\n"
      "\n"
      "t2, bob ,2,dev\n"
      "\"t,3\",\"carol \"\"C\"\"\",3,\"dev,ops\",ignored\n"
      ",nobody,4\n"
      "t5,dave,",
      "tokens.csv");
  REQUIRE(tokens);
  REQUIRE(tokens->size() == 4);
  CHECK((*tokens)[0].token == "t1");
  CHECK((*tokens)[0].user.name == "alice");
  CHECK((*tokens)[0].user.uid == "1");
  CHECK((*tokens)[0].user.groups.empty());
  CHECK((*tokens)[1].user.name == "bob");
  CHECK((*tokens)[1].user.groups == std::vector<std::string>{"dev"});
  CHECK((*tokens)[2].token == "t,3");
  CHECK((*tokens)[2].user.name == "carol \"C\"");
  CHECK((*tokens)[2].user.groups == std::vector<std::string>{"dev", "ops"});
  CHECK((*tokens)[3].user.uid.empty());

  const auto short_row = parse_token_file("t1,alice\n", "tokens.csv");
  REQUIRE_FALSE(short_row);
  CHECK(short_row.error().message ==
        "token file 'tokens.csv' must have at least 3 columns (token, user name, user uid), found 2");
  const auto open_quote = parse_token_file("\"t1,alice,1\n", "tokens.csv");
  REQUIRE_FALSE(open_quote);
  CHECK(open_quote.error().message == "tokens.csv: a quote is not closed");
}

}  // namespace skiff::server

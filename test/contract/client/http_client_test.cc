// What only the client over HTTPS can meet: keys, tokens, connections that end, servers that go and come.
#include "api/client/http/http_client.h"

#include "api/client/informer.h"
#include "api/views/meta.h"
#include "test/contract/client/client_fixture.h"

#include <catch2/catch.hpp>

namespace skiff::server {
namespace {

using api::Reason;

Json namespace_object(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

struct FailureFixture {
  asio::io_context context;
  TestApi api;

  // The reason why a request fails; nothing when it succeeds.
  std::optional<Reason> failure(api::Client& client) {
    const auto list = test::run(context, client.list(api::kNodes, "", api::ListOptions()));
    if (list) return std::nullopt;
    return list.error().reason;
  }
};

}  // namespace

TEST_CASE("parse_server_url") {
  struct Row {
    const char *url, *host;
    int port;
  };
  for (const Row& row : {Row{"https://10.0.0.1:6443", "10.0.0.1", 6443}, Row{"https://[::1]:1/", "::1", 1},
                         Row{"https://skiff.example", "skiff.example", 443}}) {
    CAPTURE(row.url);
    const auto endpoint = api::parse_server_url(row.url);
    REQUIRE(endpoint);
    CHECK(endpoint->host == row.host);
    CHECK(endpoint->port == row.port);
  }
  for (const char* url : {"", "10.0.0.1:6443", "http://a:1", "https://", "https://a:0", "https://a:70000",
                          "https://a:", "https://a/b", "https://[::1", "https://[::1]x", "https://a b"}) {
    CAPTURE(url);
    CHECK_FALSE(api::parse_server_url(url));
  }
}

TEST_CASE("HttpClient believes whom it was told to believe") {
  FailureFixture fixture;
  api::ClientTlsOptions tls;
  SECTION("the authority") {
    tls.authorities = test_pki().ca.certificate;
    CHECK_FALSE(fixture.failure(*fixture.api.http_client("secret", tls)));
  }
  SECTION("the server itself") {
    tls.authorities = test_pki().apiserver.certificate;
    CHECK_FALSE(fixture.failure(*fixture.api.http_client("secret", tls)));
  }
  SECTION("another authority") {
    tls.authorities = create_pki(PkiOptions{}, std::chrono::system_clock::now())->ca.certificate;
    CHECK(fixture.failure(*fixture.api.http_client("secret", tls)) == Reason::kServiceUnavailable);
  }
  SECTION("one certificate") {
    tls.server_fingerprint = *api::certificate_fingerprint(test_pki().apiserver.certificate);
    CHECK_FALSE(fixture.failure(*fixture.api.http_client("secret", tls)));
  }
  SECTION("another certificate") {
    tls.server_fingerprint = *api::certificate_fingerprint(test_pki().admin.certificate);
    CHECK(fixture.failure(*fixture.api.http_client("secret", tls)) == Reason::kServiceUnavailable);
  }
  SECTION("nobody") { CHECK_FALSE(api::make_client_context(tls)); }
}

TEST_CASE("HttpClient shows a token or a certificate") {
  FailureFixture fixture;
  api::ClientTlsOptions tls;
  tls.authorities = test_pki().ca.certificate;
  CHECK(fixture.failure(*fixture.api.http_client("wrong", tls)) == Reason::kUnauthorized);
  CHECK(fixture.failure(*fixture.api.http_client("", tls)) == Reason::kUnauthorized);
  tls.certificate = test_pki().admin.certificate;
  tls.private_key = test_pki().admin.key;
  CHECK_FALSE(fixture.failure(*fixture.api.http_client("", tls)));
}

TEST_CASE("discover_authority finds the one with the hash, and nothing else") {
  FailureFixture fixture;
  const std::string hash = *api::public_key_hash(test_pki().ca.certificate);
  const auto found = test::run(fixture.context, api::discover_authority(fixture.api.endpoint(), hash));
  REQUIRE(found);
  CHECK(*api::certificate_fingerprint(*found) == *api::certificate_fingerprint(test_pki().ca.certificate));
  // The server's own certificate is none, though it is shown as well.
  const std::string own = *api::public_key_hash(test_pki().apiserver.certificate);
  const auto refused = test::run(fixture.context, api::discover_authority(fixture.api.endpoint(), own));
  CHECK(refused.error().code == ErrorCode::kPermissionDenied);
  fixture.api.stop();
  const auto unreachable = test::run(fixture.context, api::discover_authority(fixture.api.endpoint(), hash));
  CHECK(unreachable.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("HttpClient goes on after the server was restarted") {
  FailureFixture fixture;
  const auto client = fixture.api.http_client();
  CHECK_FALSE(fixture.failure(*client));
  fixture.api.restart();
  CHECK_FALSE(fixture.failure(*client));  // the connection that it had kept is not used
  fixture.api.stop();
  CHECK(fixture.failure(*client) == Reason::kServiceUnavailable);
}

TEST_CASE("HttpClient asks a watch for bookmarks, which keep its position young") {
  std::string bookmarks;
  FunctionHandler handler([&bookmarks](const Request& request) {
    bookmarks = request.query_value("allowWatchBookmarks").value_or("");
    return Response();
  });
  RunningServer server(handler, https_options(0));
  api::ClientTlsOptions tls;
  tls.authorities = test_pki().ca.certificate;
  const auto client = make_http_client(api::Endpoint{"127.0.0.1", server.port()}, "", tls);
  asio::io_context context;
  REQUIRE(test::run(context, client->watch(api::kPods, "", api::WatchOptions())));
  CHECK(bookmarks == "true");
}

TEST_CASE("HttpConnection gives up at its deadline") {
  asio::io_context context;
  // Takes connections and never says a word.
  asio::ip::tcp::acceptor silent(context, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  api::ClientTlsOptions tls;
  tls.authorities = test_pki().ca.certificate;
  const api::Endpoint endpoint{"127.0.0.1", silent.local_endpoint().port()};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  const auto connection =
      test::run(context, api::HttpConnection::open(endpoint, *api::make_client_context(tls), deadline));
  REQUIRE_FALSE(connection);
  CHECK(connection.error().reason == Reason::kTimeout);
}

TEST_CASE("an informer over HTTPS resumes when the server comes back") {
  FailureFixture fixture;
  const auto client = fixture.api.http_client();
  api::Informer informer(fixture.context.get_executor(), *client, api::kNamespaces, api::InformerOptions());
  int added = 0;
  api::InformerHandlers handlers;
  handlers.added = [&](const api::ObjectPtr&) { ++added; };
  informer.add_handlers(std::move(handlers));
  informer.start();
  REQUIRE(test::run(fixture.context, informer.wait_until_synced()));
  const auto create = [&](const char* name) {
    const auto direct = fixture.api.direct_client();
    return test::run(fixture.context,
                     direct->create(api::kNamespaces, "", namespace_object(name), api::WriteOptions()));
  };
  REQUIRE(create("before"));
  test::run_until(fixture.context, [&] { return added == 1; });
  fixture.api.stop();
  REQUIRE(create("meanwhile"));
  fixture.api.restart();
  REQUIRE(create("after"));
  test::run_until(fixture.context, [&] { return added == 3; });
  test::run(fixture.context, informer.stop());
}

}  // namespace skiff::server

#include "server/http/tls.h"

#include "server/auth/pki.h"
#include "test/server/http/memory_client.h"
#include "test/server/http/running_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace skiff::server {

using asio::ip::tcp;

namespace {

const TimePoint kNow = std::chrono::system_clock::now();

const Pki& pki() {
  static const Pki made = *create_pki(PkiOptions{}, kNow);
  return made;
}

HttpServerOptions tls_options() {
  HttpServerOptions options;
  options.tls = TlsOptions{pki().apiserver.certificate, pki().apiserver.key, pki().ca.certificate};
  return options;
}

// Answers with the certificate's user and groups.
FunctionHandler who_handler() {
  return FunctionHandler([](Request request) {
    std::string text = "nobody";
    if (request.certificate_user) {
      text = request.certificate_user->name;
      for (const std::string& group : request.certificate_user->groups) text += "," + group;
    }
    Response response;
    response.body.push_back(Slice::of(text));
    return response;
  });
}

// A client that trusts the PKI's CA, on the name "localhost".
class TlsClient {
 public:
  explicit TlsClient(const KeyPair* certificate = nullptr, int max_version = TLS1_3_VERSION) {
    tls_.add_certificate_authority(asio::buffer(pki().ca.certificate));
    tls_.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_max_proto_version(tls_.native_handle(), max_version);
    if (certificate != nullptr) {
      tls_.use_certificate(asio::buffer(certificate->certificate), asio::ssl::context::pem);
      tls_.use_private_key(asio::buffer(certificate->key), asio::ssl::context::pem);
    }
    stream_.emplace(context_, tls_);
    SSL_set1_host(stream_->native_handle(), "localhost");
    static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(stream_->native_handle(), kProtocols, sizeof(kProtocols) - 1);
  }

  boost::system::error_code connect(std::uint16_t port) {
    stream_->next_layer().connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
    stream_->next_layer().set_option(tcp::no_delay(true));
    boost::system::error_code error;
    stream_->handshake(asio::ssl::stream_base::client, error);
    return error;
  }
  void send(const std::string& text) { asio::write(*stream_, asio::buffer(text)); }
  std::string read_until(const std::string& delimiter) {
    const std::size_t count = asio::read_until(*stream_, asio::dynamic_buffer(buffered_), delimiter);
    std::string text = buffered_.substr(0, count);
    buffered_.erase(0, count);
    return text;
  }
  // The body of the answer to one request, after which the server closes.
  std::string get() {
    send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return read_body();
  }
  std::string post(const std::string& body) {
    send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n");
    send(body);
    return read_body();
  }
  std::string protocol() {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(stream_->native_handle(), &name, &length);
    return std::string(reinterpret_cast<const char*>(name), length);
  }

 private:
  std::string read_body() {
    std::string text;
    boost::system::error_code error;
    asio::read(*stream_, asio::dynamic_buffer(text), error);
    CHECK(error == asio::error::eof);
    return text.substr(text.find("\r\n\r\n") + 4);
  }

  asio::io_context context_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<tcp::socket>> stream_;
  std::string buffered_;
};

}  // namespace

TEST_CASE("TLS clients and what their certificates say") {
  FunctionHandler handler = who_handler();
  RunningServer server(handler, tls_options());
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);

  SECTION("no certificate") {
    TlsClient client(nullptr, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.protocol() == "http/1.1");
    CHECK(client.get() == "nobody");
  }
  SECTION("the admin's") {
    TlsClient client(&pki().admin, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.get() == "kubernetes-admin,system:masters");
  }
  SECTION("of another CA") {
    const Pki other = *create_pki(PkiOptions{}, kNow);
    TlsClient client(&other.admin, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.get() == "nobody");
  }
  SECTION("not meant for clients") {
    TlsClient client(&pki().apiserver, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.get() == "nobody");
  }
  SECTION("expired") {
    const std::chrono::hours hour{1};
    const KeyPair expired =
        *issue_certificate(pki().ca, Subject{"late", {"a", "b"}}, CertificateUse::kClient, {}, kNow - 5 * hour, hour);
    TlsClient client(&expired, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.get() == "nobody");
  }
  SECTION("several groups") {
    const KeyPair pair = *issue_certificate(pki().ca, Subject{"jane", {"dev", "ops"}}, CertificateUse::kClient, {},
                                            kNow, std::chrono::hours(1));
    TlsClient client(&pair, version);
    REQUIRE_FALSE(client.connect(server.port()));
    CHECK(client.get() == "jane,dev,ops");
  }
}

TEST_CASE("what does not fit into the kernel's buffers reaches a TLS client whole, in both directions") {
  // Larger than what both kernels take of a client that sends before it reads.
  const std::string sent = [] {
    std::string text;
    for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + ",";
    return text;
  }();
  FunctionHandler handler([](Request request) {
    Response response;
    response.body.push_back(Slice::of(request.body + request.body));
    return response;
  });
  RunningServer server(handler, tls_options());
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsClient client(nullptr, version);
  REQUIRE_FALSE(client.connect(server.port()));
  CHECK(client.post(sent) == sent + sent);
}

TEST_CASE("a TLS client may send requests in pieces and several at once") {
  FunctionHandler handler([](Request request) {
    Response response;
    response.body.push_back(Slice::of(request.path + "\n"));
    return response;
  });
  RunningServer server(handler, tls_options());
  TlsClient client;
  REQUIRE_FALSE(client.connect(server.port()));
  for (const char byte : std::string("GET /one HTTP/1.1\r\nHost: h\r\n\r\n")) client.send(std::string(1, byte));
  CHECK(client.read_until("/one\n").starts_with("HTTP/1.1 200 OK"));
  client.send("GET /two HTTP/1.1\r\nHost: h\r\n\r\nGET /three HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("/two\n");
  CHECK(client.read_until("/three\n").starts_with("HTTP/1.1 200 OK"));
}

TEST_CASE("a TLS client that goes away takes its stream with it") {
  FunctionHandler handler = who_handler();
  RunningServer server(handler, tls_options());
  for (int i = 0; i < 3; ++i) {
    TlsClient client;
    REQUIRE_FALSE(client.connect(server.port()));
    client.send("GET / HT");
  }
  // stop() returns when no connection is left.
  server.stop();
}

TEST_CASE("TLS 1.1 is refused") {
  FunctionHandler handler = who_handler();
  RunningServer server(handler, tls_options());
  TlsClient client(nullptr, TLS1_1_VERSION);
  CHECK(client.connect(server.port()));
}

TEST_CASE("a client that does not finish its handshake is cut off") {
  FunctionHandler handler = who_handler();
  HttpServerOptions options = tls_options();
  options.limits.handshake = std::chrono::milliseconds(20);
  RunningServer server(handler, options);
  PlainClient silent(server.port());
  CHECK(silent.read_to_end().empty());
  PlainClient plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(plain.read_to_end().find("HTTP") == std::string::npos);
}

TEST_CASE("unusable TLS options are one clear error") {
  const auto& server = pki().apiserver;
  struct Row {
    TlsOptions options;
    std::string message;
  };
  const std::vector<Row> rows = {{{"", server.key, ""}, "server certificate: "},
                                 {{"nonsense", server.key, ""}, "server certificate: "},
                                 {{server.certificate, "nonsense", ""}, "server private key: "},
                                 {{server.certificate, pki().admin.key, ""}, "server private key: "},
                                 {{server.certificate, server.key, "nonsense"}, "client certificate authority: "}};
  for (const Row& row : rows) {
    const auto made = make_server_context(row.options);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.starts_with(row.message));
  }
}

}  // namespace skiff::server

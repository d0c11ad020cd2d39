#include "nodeagent/probes/node_checks.h"

#include "nodeagent/runtime/fake/fake_runtime.h"
#include "test/nodeagent/probes/scripted_server.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;
using test::http_answer;
using test::ScriptedServer;
using Verdict = CheckResult::Verdict;

namespace {

struct ChecksBench {
  asio::io_context context;
  test::FakeClock clock;
  FakeAddresses addresses;
  FakeRuntime runtime{addresses, clock, FakeRuntime::Options()};
  NodeChecks checks{runtime, context.get_executor()};

  CheckResult run(Check check, std::chrono::seconds timeout = 5s) {
    return test::run(context, checks.run(std::move(check), timeout));
  }
};

HttpCheck get(const ScriptedServer& server, const std::string& path = "/", const std::string& scheme = "http") {
  return HttpCheck{scheme + "://" + server.address() + path, {{"User-Agent", "kube-probe/1.32"}}};
}

// A port that nobody listens on.
std::uint16_t free_port(asio::io_context& context) {
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  return acceptor.local_endpoint().port();
}

std::string frame(char type, char flags, char stream, const std::string& payload) {
  std::string bytes{'\0', '\0', static_cast<char>(payload.size()), type, flags, '\0', '\0', '\0', stream};
  return bytes + payload;
}

// A header that is in no table.
std::string literal(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
}

}  // namespace

TEST_CASE("HTTP checks") {
  struct Row {
    const char* name;
    std::string answer;
    Verdict verdict;
    std::string output;
  };
  const Row rows[] = {
      {"200", http_answer("200 OK", "fine"), Verdict::kPassed, "fine"},
      {"204", http_answer("204 No Content"), Verdict::kPassed, ""},
      {"404", http_answer("404 Not Found", "no"), Verdict::kFailed, "HTTP probe failed with statuscode: 404"},
      {"500", http_answer("500 Oh"), Verdict::kFailed, "HTTP probe failed with statuscode: 500"},
      {"a redirection to elsewhere", http_answer("302 Found", "away", "Location: http://example.com/\r\n"),
       Verdict::kWarned, "Probe terminated redirects, Response body: away"},
      {"not modified", http_answer("304 Not Modified"), Verdict::kWarned,
       "Probe terminated redirects, Response body: "},
      {"a long body", http_answer("200 OK", std::string(20000, 'x')), Verdict::kPassed, std::string(10240, 'x')},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    ChecksBench bench;
    ScriptedServer server(bench.context.get_executor(), [&](const std::string&) { return row.answer; });
    const CheckResult result = bench.run(get(server));
    CHECK(result.verdict == row.verdict);
    CHECK(result.output == row.output);
  }
}

TEST_CASE("an HTTP check's request") {
  ChecksBench bench;
  ScriptedServer server(bench.context.get_executor(), [](const std::string&) { return http_answer("200 OK"); });
  HttpCheck check = get(server, "/a?b=c");
  check.headers = {{"Host", "x.org"}, {"X-Empty", ""}, {"Accept", ""}, {"User-Agent", "me"}};
  CHECK(bench.run(check).verdict == Verdict::kPassed);
  REQUIRE(server.requests().size() == 1);
  const std::string& request = server.requests()[0];
  CHECK(request.starts_with("GET /a?b=c HTTP/1.1\r\nHost: x.org\r\n"));
  CHECK(request.find("User-Agent: me\r\n") != std::string::npos);
  CHECK(request.find("X-Empty:") != std::string::npos);
  CHECK(request.find("Connection: close\r\n") != std::string::npos);
  CHECK(request.find("Accept") == std::string::npos);
}

TEST_CASE("redirections to the same host are followed, ten of them") {
  ChecksBench bench;
  ScriptedServer server(bench.context.get_executor(), [](const std::string& request) {
    if (request.starts_with("GET /end ")) return http_answer("200 OK", "arrived");
    if (request.starts_with("GET /loop ")) return http_answer("302 Found", "", "Location: /loop\r\n");
    return http_answer("301 Moved", "", "Location: /end\r\n");
  });
  CHECK(bench.run(get(server, "/begin")).output == "arrived");
  const CheckResult looping = bench.run(get(server, "/loop"));
  CHECK(looping.verdict == Verdict::kFailed);
  CHECK(looping.output.ends_with("/loop\": stopped after 10 redirects"));
}

TEST_CASE("HTTPS checks trust every certificate") {
  ChecksBench bench;
  ScriptedServer server(bench.context.get_executor(),
                        [](const std::string&) { return http_answer("200 OK", "secret"); });
  server.use_tls();
  const CheckResult result = bench.run(get(server, "/", "https"));
  CHECK(result.output == "secret");
  CHECK(result.verdict == Verdict::kPassed);
}

TEST_CASE("checks that nobody answers") {
  ChecksBench bench;
  const std::uint16_t port = free_port(bench.context);
  const std::string address = "127.0.0.1:" + std::to_string(port);

  SECTION("HTTP, nobody listens") {
    const CheckResult result = bench.run(HttpCheck{"http://" + address + "/", {}});
    CHECK(result.verdict == Verdict::kFailed);
    CHECK(result.output == "Get \"http://" + address + "/\": dial tcp " + address + ": connect: connection refused");
  }
  SECTION("HTTP, the server closes") {
    ScriptedServer server(bench.context.get_executor(), [](const std::string&) { return ""; });
    const CheckResult result = bench.run(get(server));
    CHECK(result.verdict == Verdict::kFailed);
    CHECK(result.output == "Get \"http://" + server.address() + "/\": EOF");
  }
  SECTION("HTTP, the server is silent") {
    ScriptedServer server(bench.context.get_executor(), [](const std::string&) { return ""; });
    server.set_end("never");
    const CheckResult result = bench.run(get(server), 1s);
    CHECK(result.verdict == Verdict::kFailed);
    CHECK(result.output == "Get \"http://" + server.address() +
                               "/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  }
  SECTION("TCP") {
    const CheckResult result = bench.run(TcpCheck{"127.0.0.1", port});
    CHECK(result.verdict == Verdict::kFailed);
    CHECK(result.output == "dial tcp " + address + ": connect: connection refused");
  }
  SECTION("gRPC") {
    const CheckResult result = bench.run(GrpcCheck{"127.0.0.1", port, ""});
    CHECK(result.verdict == Verdict::kFailed);
    CHECK(result.output.starts_with("error: failed to connect service at \"" + address + "\": "));
  }
  SECTION("an agent that stops waits for nothing") {
    ScriptedServer server(bench.context.get_executor(), [](const std::string&) { return ""; });
    server.set_end("never");
    // Behind the start of the check, which is posted next.
    asio::post(bench.context, [&] { asio::post(bench.context, [&] { bench.checks.stop(); }); });
    CHECK(bench.run(get(server), 60s).verdict == Verdict::kFailed);
    CHECK(bench.run(get(server), 60s).verdict == Verdict::kUnknown);
  }
}

TEST_CASE("TCP checks") {
  ChecksBench bench;
  ScriptedServer server(bench.context.get_executor(), [](const std::string&) { return ""; });
  CHECK(bench.run(TcpCheck{"127.0.0.1", server.port()}).verdict == Verdict::kPassed);
  CHECK(bench.run(TcpCheck{"localhost", server.port()}).verdict == Verdict::kPassed);
}

TEST_CASE("gRPC checks speak HTTP/2") {
  ChecksBench bench;
  constexpr char kData = 0, kHeaders = 1, kSettings = 4, kEndStream = 1, kEndHeaders = 4, kStream = 1;
  const auto answer = [&](char status) {
    std::string bytes = frame(kSettings, 0, 0, "") + frame(kSettings, 1, 0, "");
    bytes += frame(kHeaders, kEndHeaders, kStream, '\x88' + literal("content-type", "application/grpc"));
    bytes += frame(kData, 0, kStream, std::string("\0\0\0\0\x02\x08", 6) + status);
    bytes += frame(kHeaders, kEndHeaders | kEndStream, kStream, literal("grpc-status", "0"));
    return bytes;
  };
  char status = 1;
  ScriptedServer server(bench.context.get_executor(), [&](const std::string&) { return answer(status); });
  server.set_end(
      std::string("\x0a\x04"
                  "chat"));  // the request's last bytes
  CHECK(bench.run(GrpcCheck{"127.0.0.1", server.port(), "chat"}).output == "service healthy");
  status = 2;
  const CheckResult result = bench.run(GrpcCheck{"127.0.0.1", server.port(), "chat"});
  CHECK(result.verdict == Verdict::kFailed);
  CHECK(result.output == "service unhealthy (responded with \"NOT_SERVING\")");
  CHECK(server.requests().at(0).starts_with("PRI * HTTP/2.0"));
}

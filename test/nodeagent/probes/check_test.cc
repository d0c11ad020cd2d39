#include "nodeagent/probes/check.h"

#include "nodeagent/probes/grpc_health.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

const Json kContainer = {{"name", "main"}, {"ports", {{{"name", "web"}, {"containerPort", 8080}}}}};

std::string check_text(const Check& check) {
  struct Text {
    std::string operator()(const ExecCheck& exec) {
      std::string text = "exec in " + exec.container_id + ":";
      for (const std::string& word : exec.command) text += " " + word;
      return text;
    }
    std::string operator()(const HttpCheck& http) {
      std::string text = "get " + http.url;
      for (const auto& [name, value] : http.headers) text += " " + name + "=" + value;
      return text;
    }
    std::string operator()(const TcpCheck& tcp) { return "tcp " + tcp.host + " " + std::to_string(tcp.port); }
    std::string operator()(const GrpcCheck& grpc) {
      return "grpc " + grpc.host + " " + std::to_string(grpc.port) + " " + grpc.service;
    }
  };
  return std::visit(Text(), check);
}

}  // namespace

TEST_CASE("what a handler asks for") {
  struct Row {
    const char* handler;
    const char* expected;  // or the error
  };
  const Row rows[] = {
      {R"({"exec": {"command": ["cat", "/ok"]}})", "exec in c1: cat /ok"},
      {R"({"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}})", "get http://10.1.0.7:80/ User-Agent=agent/1"},
      {R"({"httpGet": {"path": "ok?x=1", "port": "web"}})", "get http://10.1.0.7:8080/ok?x=1 User-Agent=agent/1"},
      {R"({"httpGet": {"path": "/a b%20c", "port": "8081", "scheme": "HTTPS", "host": "fd00::1"}})",
       "get https://[fd00::1]:8081/a%20b%20c User-Agent=agent/1"},
      {R"({"httpGet": {"port": 80, "httpHeaders": [{"name": "Host", "value": "x.org"}, {"name": "user-agent", "value": ""}]}})",
       "get http://10.1.0.7:80/ Host=x.org user-agent="},
      {R"({"httpGet": {"port": "nope"}})", "strconv.Atoi: parsing \"nope\": invalid syntax"},
      {R"({"httpGet": {"port": "70000"}})", "invalid port number: 70000"},
      {R"({"tcpSocket": {"port": "web"}})", "tcp 10.1.0.7 8080"},
      {R"({"tcpSocket": {"port": 1, "host": "db"}})", "tcp db 1"},
      {R"({"grpc": {"port": 9090, "service": "chat"}})", "grpc 10.1.0.7 9090 chat"},
      {R"({"grpc": {"port": 9090}})", "grpc 10.1.0.7 9090 "},
      {R"({})", "missing probe handler"},
  };
  const CheckTarget target{kContainer, "c1", "10.1.0.7"};
  for (const Row& row : rows) {
    INFO(row.handler);
    const auto check = make_check(Json::parse(row.handler), target, "agent/1");
    CHECK((check ? check_text(*check) : check.error().message) == row.expected);
  }
}

TEST_CASE("a health request in bytes") {
  const HttpRequest all = make_health_request("10.1.0.7:9090", "");
  CHECK(all.url == "http://10.1.0.7:9090/grpc.health.v1.Health/Check");
  CHECK(all.http2);
  CHECK(*all.body == std::string("\0\0\0\0\0", 5));
  CHECK(*make_health_request("x:1", "chat").body == std::string("\0\0\0\0\x06\x0a\x04"
                                                                "chat",
                                                                11));
}

TEST_CASE("what a health answer says") {
  struct Row {
    const char* name;
    HttpAnswer answer;
    bool passed;
    const char* output;
  };
  const auto said = [](const std::string& body, const std::string& status, const std::string& message = "") {
    return HttpAnswer{200, body, {{"grpc-status", status}, {"grpc-message", message}}, ""};
  };
  const Row rows[] = {
      {"serving", said(std::string("\0\0\0\0\x02\x08\x01", 7), "0"), true, "service healthy"},
      {"not serving", said(std::string("\0\0\0\0\x02\x08\x02", 7), "0"), false,
       "service unhealthy (responded with \"NOT_SERVING\")"},
      {"an empty message", said(std::string("\0\0\0\0\0", 5), "0"), false,
       "service unhealthy (responded with \"UNKNOWN\")"},
      {"another service", said("", "12", "unknown service"), false,
       "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service"},
      {"an error", said("", "5", "unknown"), false,
       "error: health rpc probe failed: rpc error: code = 5 desc = unknown"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const CheckResult result = read_health_answer(row.answer);
    CHECK((result.verdict == CheckResult::Verdict::kPassed) == row.passed);
    CHECK(result.output == row.output);
  }
}

#include "server/http/connection.h"

#include "api/base/json.h"
#include "api/base/log.h"
#include "test/server/http/memory_client.h"

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <zlib.h>

#include <sstream>

namespace skiff::server {

namespace {

// Answers with the method, path and body of each request, and keeps the requests.
struct Echo {
  std::vector<Request> requests;
  FunctionHandler handler{[this](Request request) {
    requests.push_back(request);
    Response response;
    response.headers.add("Content-Type", "text/plain");
    response.body.push_back(Slice::of(request.method + " "));
    response.body.push_back(Slice::of(request.path));
    response.body.push_back(Slice::of(request.body));
    return response;
  }};
};

std::string echo_head(const Request& request, std::size_t length, const std::string& last = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAudit-Id: " + request.id +
         "\r\nCache-Control: no-cache, private\r\nDate: Sun, 22 Nov 2026 15:14:18 GMT\r\nContent-Length: " +
         std::to_string(length) + "\r\n" + last + "\r\n";
}

}  // namespace

TEST_CASE("a request and its response, byte for byte") {
  Echo echo;
  MemoryClient client(echo.handler);

  client.send(
      "POST /api/v1/namespaces/a%20b?limit=5&labelSelector=app%3Dweb+x&watch HTTP/1.1\r\n"
      "Host: localhost\r\nX-Thing:  value \r\nContent-Length: 5\r\n\r\n{\"a\"}");

  REQUIRE(echo.requests.size() == 1);
  const Request& request = echo.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.path == "/api/v1/namespaces/a b");
  CHECK(request.query == std::vector<std::pair<std::string, std::string>>{
                             {"limit", "5"}, {"labelSelector", "app=web x"}, {"watch", ""}});
  CHECK(request.query_value("limit") == "5");
  CHECK_FALSE(request.query_value("continue"));
  CHECK(request.headers.get("x-thing") == "value");
  CHECK(request.body == "{\"a\"}");
  CHECK(request.id.size() == 36);
  CHECK(client.received() == echo_head(request, 32) + "POST /api/v1/namespaces/a b{\"a\"}");
  CHECK_FALSE(client.ended());
}

TEST_CASE("a client may name its request") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("GET / HTTP/1.1\r\nHost: h\r\naudit-id: mine\r\n\r\n");
  REQUIRE(echo.requests.size() == 1);
  CHECK(echo.requests[0].id == "mine");
  CHECK(client.received().find("\r\nAudit-Id: mine\r\n") != std::string::npos);
}

TEST_CASE("a request is logged with its id, which the client sees, too") {
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(skiff::internal::make_logger(std::make_shared<spdlog::sinks::ostream_sink_mt>(text),
                                                          spdlog::level::debug, LogFormat::kJson));
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("PUT /a%20b?x=\"1 HTTP/1.1\r\nHost: h\r\nAudit-Id: mine\r\nUser-Agent: kubectl/v1.32\r\n\r\n");
  client.send("GET /read HTTP/1.1\r\nHost: h\r\n\r\n");
  spdlog::set_default_logger(before);
  REQUIRE(echo.requests.size() == 2);

  const auto line = parse_json(text.str());  // one line: reads are not logged at this level
  REQUIRE(line);
  CHECK(string_at(line->value, {"msg"}) == "HTTP");
  CHECK(string_at(line->value, {"level"}) == "debug");
  CHECK(string_at(line->value, {"verb"}) == "PUT");
  CHECK(string_at(line->value, {"URI"}) == "/a%20b?x=\"1");
  CHECK(string_at(line->value, {"audit-ID"}) == "mine");
  CHECK(string_at(line->value, {"userAgent"}) == "kubectl/v1.32");
  CHECK(string_at(line->value, {"resp"}) == "200");
  CHECK(string_at(line->value, {"latency"}).ends_with("ms"));
}

TEST_CASE("requests may come in any pieces") {
  const std::string text =
      "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: "
      "no\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
    CAPTURE(step);
    Echo echo;
    MemoryClient client(echo.handler);
    for (std::size_t at = 0; at < text.size(); at += step) client.send(std::string_view(text).substr(at, step));
    REQUIRE(echo.requests.size() == 1);
    CHECK(echo.requests[0].body == "hello!");
    CHECK(echo.requests[0].headers.find("Trailer") == nullptr);
    CHECK(client.received() == echo_head(echo.requests[0], 12) + "PUT /ahello!");
  }
}

TEST_CASE("pipelined requests are answered in order") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(echo.requests.size() == 3);
  CHECK(client.received() == echo_head(echo.requests[0], 6) + "GET /1" + echo_head(echo.requests[1], 10) +
                                 "POST /2abc" + echo_head(echo.requests[2], 6, "Connection: close\r\n") + "GET /3");
  CHECK(client.finished_orderly());
  CHECK(client.ended());
}

TEST_CASE("HTTP/1.0 is answered and closed") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(echo.requests.size() == 1);
  CHECK(client.received() == echo_head(echo.requests[0], 8, "Connection: close\r\n") + "GET /old");
  CHECK(client.ended());
}

TEST_CASE("HEAD is answered without the body") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(echo.requests.size() == 1);
  CHECK(client.received() == echo_head(echo.requests[0], 7));
  CHECK_FALSE(client.ended());
}

TEST_CASE("a response without content has no length") {
  FunctionHandler handler([](Request) {
    Response response;
    response.status = 204;
    response.headers.add("Cache-Control", "public, max-age=5");
    response.headers.add("Content-Length", "77");
    response.headers.add("X-Evil", "a\r\nInjected: b");
    return response;
  });
  MemoryClient client(handler);
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string received = client.received();
  CHECK(
      received.starts_with("HTTP/1.1 204 No Content\r\nCache-Control: public, max-age=5\r\n"
                           "X-Evil: a  Injected: b\r\nAudit-Id: "));
  CHECK(received.find("Content-Length") == std::string::npos);
}

TEST_CASE("Expect: 100-continue is granted before the body is read") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(client.received() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  REQUIRE(echo.requests.size() == 1);
  CHECK(client.received() == echo_head(echo.requests[0], 9) + "POST /xok");

  SECTION("but not for a body that is too long") {
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3145729\r\n\r\n");
    CHECK(client.received().starts_with("HTTP/1.1 413 Request Entity Too Large\r\n"));
    CHECK(client.ended());
  }
}

TEST_CASE("what is not HTTP is refused and the connection closed") {
  struct Row {
    std::string name;
    std::string text;
  };
  const auto row = GENERATE(
      Row{"garbage", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 nonsense\r\n\r\n", 24)},
      Row{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}, Row{"no version", "GET /\r\n\r\n"},
      Row{"bad header name", "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n"},
      Row{"no host", "GET / HTTP/1.1\r\n\r\n"}, Row{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      Row{"bad escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"},
      Row{"cut escape", "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n"},
      Row{"NUL in path", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n"},
      Row{"target without slash", "GET pods HTTP/1.1\r\nHost: h\r\n\r\n"},
      Row{"negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"},
      Row{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      Row{"length and chunks",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      Row{"unknown encoding",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      Row{"bad chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      Row{"overflowing chunk size",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"});
  CAPTURE(row.name);
  Echo echo;
  MemoryClient client(echo.handler);
  client.send(row.text);
  client.end();
  CHECK(echo.requests.empty());
  const std::string received = client.received();
  CAPTURE(received);
  CHECK(received.starts_with("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nAudit-Id: "));
  CHECK(received.ends_with("Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request"));
  CHECK(client.ended());
}

TEST_CASE("a body over the limit is refused with a Status") {
  const std::string request =
      GENERATE("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n",
               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nffffffffffffffff\r\n",
               "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n");
  HttpLimits limits;
  limits.body_bytes = 100;
  Echo echo;
  MemoryClient client(echo.handler, limits);
  client.send(request);
  const std::string received = client.received();
  CAPTURE(received);
  CHECK(received.starts_with("HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: application/json\r\n"));
  const Json status = Json::parse(received.substr(received.find("\r\n\r\n") + 4));
  CHECK(status["kind"] == "Status");
  CHECK(status["message"] == "Request entity too large: limit is 100");
  CHECK(status["reason"] == "RequestEntityTooLarge");
  CHECK(status["code"] == 413);
  CHECK(echo.requests.empty());
  CHECK(client.finished_orderly());
  CHECK(client.ended());
}

TEST_CASE("headers over the limit are refused, however they come") {
  HttpLimits limits;
  limits.header_bytes = 4096;
  Echo echo;
  MemoryClient client(echo.handler, limits);
  SECTION("one long line") { client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x')); }
  SECTION("a long target") { client.send("GET /" + std::string(5000, 'x')); }
  SECTION("many lines at once") {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 10'000; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
    client.send(text + "\r\n");
  }
  SECTION("many lines, one by one") {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 10'000 && !client.ended(); ++i) client.send("X-" + std::to_string(i) + ": y\r\n");
  }
  CHECK(echo.requests.empty());
  const std::string received = client.received();
  CAPTURE(received);
  CHECK(received.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  CHECK(received.ends_with("\r\n\r\n431 Request Header Fields Too Large"));
  CHECK(client.ended());
}

TEST_CASE("a chunk header without an end is refused") {
  HttpLimits limits;
  limits.header_bytes = 4096;
  Echo echo;
  MemoryClient client(echo.handler, limits);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100 && !client.ended(); ++i) client.send(std::string(100, '0'));
  CHECK(client.received().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(client.ended());
}

TEST_CASE("a request that is cut off is not handled") {
  const std::string text = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
  Echo echo;
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    MemoryClient client(echo.handler);
    client.send(std::string_view(text).substr(0, length));
    client.end();
    CHECK(client.ended());
    CHECK(client.received().empty());
  }
  CHECK(echo.requests.empty());
}

TEST_CASE("a handler that throws is a Status 500") {
  FunctionHandler handler([](Request) -> Response { throw std::runtime_error("broken"); });
  MemoryClient client(handler);
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string received = client.received();
  CHECK(received.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  CHECK(received.find("Internal error occurred: broken") != std::string::npos);
  CHECK_FALSE(client.ended());
}

TEST_CASE("large bodies are compressed for those who accept it") {
  const std::string body = [] {
    std::string text;
    while (text.size() < 300'000) text += "pod-" + std::to_string(text.size()) + ",";
    return text;
  }();
  FunctionHandler handler([&](Request request) {
    Response response;
    const std::string_view part = request.path == "/small" ? std::string_view(body).substr(0, 1000) : body;
    response.body.push_back(Slice::literal(part.substr(0, part.size() / 2)));
    response.body.push_back(Slice::literal(part.substr(part.size() / 2)));
    return response;
  });
  MemoryClient client(handler);
  const auto get = [&](const std::string& path, const std::string& accept) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\nAccept-Encoding: " + accept + "\r\n\r\n");
    return client.received();
  };
  CHECK(get("/large", "identity").ends_with("\r\n\r\n" + body));
  CHECK(get("/large", "gzip;q=0").ends_with("\r\n\r\n" + body));
  CHECK(get("/small", "gzip").find("gzip") == std::string::npos);

  const std::string received = get("/large", "deflate, gzip;q=1.0");
  const std::size_t head = received.find("\r\n\r\n") + 4;
  CHECK(received.find("\r\nContent-Encoding: gzip\r\n") < head);
  CHECK(received.find("\r\nVary: Accept-Encoding\r\n") < head);
  CHECK(received.find("\r\nContent-Length: " + std::to_string(received.size() - head) + "\r\n") < head);

  std::string inflated(body.size() + 1, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(received.data() + head));
  stream.avail_in = static_cast<uInt>(received.size() - head);
  stream.next_out = reinterpret_cast<Bytef*>(inflated.data());
  stream.avail_out = static_cast<uInt>(inflated.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  inflated.resize(stream.total_out);
  inflateEnd(&stream);
  CHECK(inflated == body);
}

TEST_CASE("a streamed body") {
  std::shared_ptr<ScriptedBody::Script> script;
  FunctionHandler handler([&](Request request) {
    Response response;
    if (request.path == "/watch") response.stream = std::make_unique<ScriptedBody>(script);
    return response;
  });
  HttpLimits limits;
  limits.write = std::chrono::milliseconds(50);
  MemoryClient client(handler, limits);
  script = std::make_shared<ScriptedBody::Script>(client.context()->get_executor(), client.context());
  const auto push = [&](std::vector<Slice> pieces) {
    script->push(std::move(pieces));
    client.run();
    return client.received();
  };
  client.send("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.received();
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\nAudit-Id: "));
  CHECK(head.ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n"));

  SECTION("is sent in chunks, one for each time that something was there") {
    CHECK(push({Slice::literal("{\"type\":"), Slice::of("\"ADDED\"}\n")}) == "11\r\n{\"type\":\"ADDED\"}\n\r\n");
    CHECK(push({Slice::literal("")}).empty());
    const std::string large(100'000, 'x');
    CHECK(push({Slice::literal(large)}) == "186a0\r\n" + large + "\r\n");
    script->end();
    client.run();
    CHECK(client.received() == "0\r\n\r\n");
    CHECK(script->destroyed);

    client.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.received().starts_with("HTTP/1.1 200 OK\r\n"));
  }
  SECTION("holds back pipelined requests until it ends") {
    client.send("GET /next HTTP/1.1\r\nHo");
    client.send("st: h\r\n\r\n");
    CHECK(client.received().empty());
    script->end();
    client.run();
    const std::string received = client.received();
    CHECK(received.starts_with("0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK_FALSE(script->cancelled);
  }
  SECTION("that throws breaks the connection without the mark of its end") {
    script->broken = true;
    script->end();
    client.run();
    CHECK(client.received().empty());
    CHECK(client.ended());
    CHECK_FALSE(client.finished_orderly());
  }
  SECTION("is cancelled when the client goes") {
    client.end();
    CHECK(script->cancelled);
    CHECK(script->destroyed);
    CHECK(client.ended());
  }
  SECTION("is cancelled when the server stops") {
    client.connection().stop();
    client.run();
    CHECK(script->cancelled);
    CHECK(client.received() == "0\r\n\r\n");
    CHECK(client.ended());
  }
  SECTION("is cut off when the client does not read") {
    client.stop_reading();
    for (int i = 0; i < 10; ++i) push({Slice::literal("event\n")});
    CHECK_FALSE(client.ended());
    client.run_to_end();
    CHECK(client.ended());
    CHECK(script->destroyed);
    CHECK(script->taken == 1);
    CHECK(client.received().empty());
  }
}

TEST_CASE("a streamed body for HTTP/1.0 ends with the connection") {
  std::shared_ptr<ScriptedBody::Script> script;
  FunctionHandler handler([&](Request) {
    Response response;
    response.stream = std::make_unique<ScriptedBody>(script);
    return response;
  });
  MemoryClient client(handler);
  script = std::make_shared<ScriptedBody::Script>(client.context()->get_executor(), client.context());
  script->push({Slice::literal("line\n")});
  script->end();
  client.send("GET /watch HTTP/1.0\r\n\r\n");
  CHECK(client.received().ends_with("GMT\r\nConnection: close\r\n\r\nline\n"));
  CHECK(client.ended());
}

TEST_CASE("a client that takes too long is cut off") {
  HttpLimits limits;
  limits.idle = limits.header_read = limits.body_read = std::chrono::seconds(1000);
  Echo echo;
  const auto short_time = std::chrono::milliseconds(20);
  std::string text;
  SECTION("between requests") { limits.idle = short_time; }
  SECTION("within the headers") {
    limits.header_read = short_time;
    text = "GET / HTTP/1.1\r\nHost:";
  }
  SECTION("within the body") {
    limits.body_read = short_time;
    text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";
  }
  MemoryClient client(echo.handler, limits);
  client.send(text);
  CHECK_FALSE(client.ended());
  client.run_to_end();
  CHECK(client.ended());
  CHECK(client.received().empty());
  CHECK(echo.requests.empty());
}

TEST_CASE("a stopped connection ends at once when it is idle") {
  Echo echo;
  MemoryClient client(echo.handler);
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.received().ends_with("GET /x"));
  client.connection().stop();
  client.run();
  CHECK(client.ended());
}

}  // namespace skiff::server

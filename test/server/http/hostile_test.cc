#include "test/server/http/memory_client.h"

#include <catch2/catch.hpp>

#include <random>

// What no well-meaning client sends. The connection must neither crash nor hand a broken request to the handler, and
// every answer must be HTTP.
namespace skiff::server {

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

std::string garbage(Random& random) {
  std::string text(1 + below(random, 300), '\0');
  for (char& c : text) c = static_cast<char>(below(random, 256));
  return text;
}

const std::vector<std::string> kGoodRequests = {
    "GET /api/v1/pods?limit=500&labelSelector=a%3Db HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n",
    "POST /api/v1/namespaces HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n{\"kind\":\"N\"}",
    "PATCH /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    "4;a=\"b\"\r\nwiki\r\n5\r\npedia\r\n0\r\nExpires: never\r\n\r\n",
    "DELETE /y HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"};

const std::vector<std::string> kSpice = {"\r\n",
                                         "\n",
                                         "\r",
                                         std::string(1, '\0'),
                                         ":",
                                         " ",
                                         "\t",
                                         "%",
                                         "Transfer-Encoding: chunked\r\n",
                                         "Transfer-Encoding: chunked, identity\r\n",
                                         "Content-Length: 5\r\n",
                                         "Content-Length: 99999999999999999999\r\n",
                                         "Connection: ,,,\r\n",
                                         "Host: other\r\n",
                                         "Expect: 100-continue\r\n",
                                         "ffffffffffffffff\r\n",
                                         "0\r\n\r\n",
                                         "\xff\xfe",
                                         "HTTP/1.1",
                                         "?&=&&;"};

// A good request with a few bytes changed, removed, doubled or put in.
std::string mutated(Random& random) {
  std::string text = kGoodRequests[below(random, kGoodRequests.size())];
  for (std::size_t changes = 1 + below(random, 4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = below(random, text.size());
    switch (below(random, 4)) {
      case 0:
        text[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        text.erase(at, 1 + below(random, 10));
        break;
      case 2:
        text.insert(at, text.substr(at, below(random, 20)));
        break;
      default:
        text.insert(at, kSpice[below(random, kSpice.size())]);
        break;
    }
  }
  return text;
}

void send_in_pieces(Random& random, MemoryClient& client, std::string_view text) {
  while (!text.empty() && !client.ended()) {
    const std::size_t count = below(random, 4) == 0 ? text.size() : 1 + below(random, text.size());
    client.send(text.substr(0, count));
    text.remove_prefix(count);
  }
}

}  // namespace

TEST_CASE("hostile input is answered in HTTP or not at all") {
  HttpLimits limits;
  limits.header_bytes = 1024;
  limits.body_bytes = 100;
  const unsigned seed = GENERATE(range(1u, 21u));
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 50; ++round) {
    int handled = 0;
    FunctionHandler handler([&](Request request) {
      ++handled;
      CHECK_FALSE(request.method.empty());
      CHECK((request.path.starts_with("/") || request.path == "*"));
      CHECK(request.path.find('\0') == std::string::npos);
      CHECK(request.body.size() <= limits.body_bytes);
      return Response{};
    });
    MemoryClient client(handler, limits);
    const std::string text = below(random, 4) == 0 ? garbage(random) : mutated(random);
    CAPTURE(text);
    send_in_pieces(random, client, text);
    client.end();
    CHECK(client.ended());
    const std::string received = client.received();
    CHECK((received.empty() || received.starts_with("HTTP/1.1 ")));
    CHECK(handled <= 2);
  }
}

TEST_CASE("a slow client does not get more time by sending a byte now and then") {
  HttpLimits limits;
  limits.header_read = std::chrono::milliseconds(60);
  FunctionHandler handler([](Request) { return Response{}; });
  MemoryClient client(handler, limits);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n");
  const auto start = std::chrono::steady_clock::now();
  asio::steady_timer drip(*client.context());
  const std::function<void(boost::system::error_code)> send_more = [&](boost::system::error_code) {
    if (client.ended()) return;
    client.feed("X: y\r\n");
    drip.expires_after(std::chrono::milliseconds(5));
    drip.async_wait(send_more);
  };
  send_more({});
  client.run_to_end();
  CHECK(client.ended());
  CHECK(client.received().empty());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("a thousand pipelined requests are answered one by one") {
  int handled = 0;
  FunctionHandler handler([&](Request request) {
    CHECK(request.path == "/" + std::to_string(handled));
    ++handled;
    return Response{};
  });
  MemoryClient client(handler);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(text);
  CHECK(handled == 1000);
  CHECK_FALSE(client.ended());
}

}  // namespace skiff::server

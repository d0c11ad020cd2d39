#include "server/streaming/websocket_port_session.h"

#include "server/streaming/websocket_frames.h"
#include "test/server/http/memory_client.h"
#include "test/server/streaming/client_frames.h"
#include "test/server/streaming/scripted_ports.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

// A client whose first request is answered with a session.
struct PortsClient {
  explicit PortsClient(std::vector<std::uint16_t> numbers, bool base64 = false) {
    handler.emplace([this, numbers, base64](Request) {
      Response response;
      response.status = 101;
      response.upgrade = std::make_unique<WebSocketPortSession>(nullptr, pod.opener(), numbers, base64);
      return response;
    });
    client.emplace(*handler);
    client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client->received();
    early = head.substr(head.find("\r\n\r\n") + 4);
  }

  std::optional<FunctionHandler> handler;
  std::optional<MemoryClient> client;
  ScriptedPorts pod;  // goes first: its signals belong to the client's context
  std::string early;  // what came right behind the head
};

std::string said(int channel, const std::string& bytes) {
  return websocket_binary(std::string(1, static_cast<char>(channel)) + bytes);
}

}  // namespace

TEST_CASE("Ports of a pod over one WebSocket") {
  PortsClient ports({80, 8080});
  const std::string low = {'\x50', '\0'};
  const std::string high = {'\x90', '\x1f'};
  CHECK(ports.early == said(0, low) + said(1, low) + said(2, high) + said(3, high));
  REQUIRE(ports.pod.opened.size() == 2);
  PortScript& first = *ports.pod.opened[0];
  PortScript& second = *ports.pod.opened[1];
  CHECK(first.number == 80);
  CHECK(second.number == 8080);

  SECTION("bytes go both ways, until the pod has said all") {
    ports.client->send(channel_frame(2, "two") + channel_frame(0, "one") +
                       client_frame(2, std::string("\0mo", 3), false) + client_frame(0, "re"));
    CHECK(first.heard == "onemore");
    CHECK(second.heard == "two");
    first.say("answer");
    second.say("other");
    ports.client->run();
    CHECK(ports.client->received() == said(0, "answer") + said(2, "other"));
    first.end();
    ports.client->run();
    CHECK(first.destroyed);
    CHECK(ports.client->received().empty());
    // The other port goes on, and what is said to the closed one is dropped.
    ports.client->send(channel_frame(0, std::string(1 << 20, 'x')) + channel_frame(2, "still"));
    CHECK(second.heard == "twostill");
    second.end();
    ports.client->run();
    CHECK(ports.client->received() == websocket_close(1000));
    ports.client->send(client_frame(8, "\x03\xe8"));
    CHECK(ports.client->ended());
  }
  SECTION("channels that mean nothing") {
    ports.client->send(channel_frame(1, "x") + channel_frame(3, "x") + channel_frame(4, "x") + channel_frame(255, "x") +
                       client_frame(2, ""));
    CHECK(first.heard.empty());
    CHECK(second.heard.empty());
    CHECK_FALSE(ports.client->ended());
  }
  SECTION("a port that does not read makes the client wait") {
    first.reads = false;
    for (int i = 0; i < 100; ++i) ports.client->send(channel_frame(0, std::string(32 * 1024, 'x')));
    CHECK(ports.client->unread() > 80 * 32 * 1024);
    first.reads = true;
    first.room.notify();
    ports.client->run();
    CHECK(first.heard.size() == 100 * 32 * 1024);
  }
  SECTION("and waits no longer when that port ends") {
    first.reads = false;
    for (int i = 0; i < 100; ++i) ports.client->send(channel_frame(0, std::string(32 * 1024, 'x')));
    first.end();
    ports.client->run();
    ports.client->send(channel_frame(2, "at last"));
    CHECK(second.heard == "at last");
  }
  SECTION("a client that goes closes all") {
    ports.client->end();
    CHECK(first.destroyed);
    CHECK(second.destroyed);
    CHECK(ports.client->ended());
  }
  SECTION("a server that stops") {
    ports.client->connection().stop();
    ports.client->run();
    CHECK(first.destroyed);
    CHECK(second.destroyed);
    CHECK(ports.client->ended());
  }
}

TEST_CASE("A port of a pod on which nobody listens, over a WebSocket") {
  PortsClient ports({81});
  const std::string number = {'\x51', '\0'};
  CHECK(ports.early ==
        said(0, number) + said(1, number) + said(1, "connection refused") + websocket_close(kWebSocketNormalClosure));
  ports.client->send(client_frame(8, "\x03\xe8"));
  CHECK(ports.client->ended());
}

TEST_CASE("Ports of a pod over a WebSocket with text only") {
  PortsClient ports({80}, true);
  CHECK(ports.early == websocket_text("0UAA=") + websocket_text("1UAA="));
  PortScript& port = *ports.pod.opened.at(0);
  // Pieces end anywhere, a message's base64 does not.
  ports.client->send(client_frame(1, "0aW5w") + client_frame(1, "0d", false) + client_frame(0, "XQ=") +
                     client_frame(1, "0not base64!"));
  CHECK(port.heard == "input");
  port.say("out");
  ports.client->run();
  CHECK(ports.client->received() == websocket_text("0b3V0"));
}

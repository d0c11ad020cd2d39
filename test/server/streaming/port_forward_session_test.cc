#include "server/streaming/port_forward_session.h"

#include "server/streaming/websocket_frames.h"
#include "test/server/http/memory_client.h"
#include "test/server/streaming/client_frames.h"
#include "test/server/streaming/scripted_ports.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

struct Forwarder {
  explicit Forwarder(bool tunneled) : tunneled(tunneled) {
    handler.emplace([this](Request) {
      Response response;
      response.status = 101;
      response.upgrade = std::make_unique<PortForwardSession>(nullptr, pod.opener(), this->tunneled);
      return response;
    });
    client.emplace(*handler);
    client->send("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
    static_cast<void>(client->received());
  }

  void send(const std::string& bytes) { client->send(tunneled ? client_frame(2, bytes) : bytes); }
  void open_stream(std::uint32_t id, const std::string& type, const std::string& port, const std::string& request) {
    SpdyHeaders headers = {{"streamtype", type}, {"port", port}};
    if (!request.empty()) headers.emplace_back("requestid", request);
    send(writer.syn_stream(id, headers, type == "error"));
  }
  // The data of streams by id, with "." at their end.
  std::map<std::uint32_t, std::string> take() {
    std::string bytes = client->received();
    if (tunneled) bytes = payloads(bytes);
    reader.put(bytes);
    std::map<std::uint32_t, std::string> texts;
    while (auto frame = reader.next()) {
      if (const auto* data = std::get_if<SpdyData>(&*frame)) {
        texts[data->stream] += data->bytes + (data->fin ? "." : "");
      } else if (const auto* reset = std::get_if<SpdyReset>(&*frame)) {
        texts[reset->stream] += "reset";
      }
    }
    return texts;
  }
  // Out of short server frames.
  static std::string payloads(std::string_view bytes) {
    std::string result;
    while (!bytes.empty()) {
      REQUIRE(bytes[0] == '\x82');
      std::size_t length = static_cast<unsigned char>(bytes[1]);
      REQUIRE(length < 126);
      result += bytes.substr(2, length);
      bytes.remove_prefix(2 + length);
    }
    return result;
  }

  const bool tunneled;
  std::vector<std::shared_ptr<PortScript>>& ports = pod.opened;
  std::optional<FunctionHandler> handler;
  std::optional<MemoryClient> client;
  ScriptedPorts pod;  // goes first: its signals belong to the client's context
  SpdyFrameWriter writer;
  SpdyFrameReader reader;
};

using Texts = std::map<std::uint32_t, std::string>;

}  // namespace

TEST_CASE("Connections are forwarded to ports of a pod") {
  const bool tunneled = GENERATE(false, true);
  Forwarder forwarder(tunneled);
  forwarder.open_stream(1, "error", "80", "0");
  CHECK(forwarder.ports.empty());
  forwarder.open_stream(3, "data", "80", "0");
  REQUIRE(forwarder.ports.size() == 1);
  PortScript& first = *forwarder.ports[0];
  CHECK(first.number == 80);

  SECTION("bytes go both ways, until the pod has said all") {
    forwarder.send(SpdyFrameWriter::data(3, "GET /", false));
    CHECK(first.heard == "GET /");
    forwarder.send(SpdyFrameWriter::data(3, "", true));
    CHECK(first.write_closed);
    CHECK_FALSE(first.destroyed);
    first.say("answer");
    forwarder.client->run();
    CHECK(forwarder.take() == Texts{{3, "answer"}});
    first.end();
    forwarder.client->run();
    CHECK(forwarder.take() == Texts{{1, "."}, {3, "."}});
    CHECK(first.destroyed);
    CHECK_FALSE(forwarder.client->ended());
  }
  SECTION("several at once") {
    forwarder.open_stream(5, "error", "8080", "1");
    forwarder.open_stream(7, "data", "8080", "1");
    REQUIRE(forwarder.ports.size() == 2);
    CHECK(forwarder.ports[1]->number == 8080);
    forwarder.send(SpdyFrameWriter::data(7, "two", false) + SpdyFrameWriter::data(3, "one", false));
    CHECK(first.heard == "one");
    CHECK(forwarder.ports[1]->heard == "two");
    forwarder.send(SpdyFrameWriter::reset(3, kSpdyResetCancel));
    CHECK(first.destroyed);
    CHECK_FALSE(forwarder.ports[1]->destroyed);
    forwarder.client->end();
    CHECK(forwarder.ports[1]->destroyed);
    CHECK(forwarder.client->ended());
  }
  SECTION("nobody listens") {
    forwarder.open_stream(5, "error", "81", "1");
    forwarder.open_stream(7, "data", "81", "1");
    CHECK(forwarder.take() == Texts{{5, "connection refused."}, {7, "."}});
    CHECK_FALSE(forwarder.client->ended());
  }
  SECTION("streams that mean nothing") {
    forwarder.open_stream(5, "stdout", "80", "1");
    forwarder.open_stream(7, "data", "", "1");
    forwarder.open_stream(9, "data", "70000", "1");
    forwarder.open_stream(11, "data", "80 ", "1");
    CHECK(forwarder.take() == Texts{{5, "reset"}, {7, "reset"}, {9, "reset"}, {11, "reset"}});
    CHECK(forwarder.ports.size() == 1);
  }
  SECTION("a stream that was reset is nobody's partner") {
    forwarder.open_stream(5, "error", "80", "1");
    forwarder.send(SpdyFrameWriter::reset(5, kSpdyResetCancel));
    forwarder.open_stream(7, "data", "80", "1");
    CHECK(forwarder.ports.size() == 1);
    forwarder.open_stream(9, "error", "80", "1");
    CHECK(forwarder.ports.size() == 2);
  }
  SECTION("clients that do not name their requests") {
    forwarder.open_stream(5, "error", "80", "");
    forwarder.open_stream(7, "data", "80", "");
    CHECK(forwarder.ports.size() == 2);
  }
  SECTION("a server that stops") {
    forwarder.client->connection().stop();
    forwarder.client->run();
    CHECK(first.destroyed);
    CHECK(forwarder.client->ended());
  }
}

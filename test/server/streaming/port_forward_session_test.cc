#include "server/streaming/port_forward_session.h"

#include "server/streaming/websocket_frames.h"
#include "test/server/http/memory_client.h"
#include "test/server/streaming/client_frames.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

// One connection into the pod, as the test sees it.
struct Port {
  explicit Port(asio::any_io_executor executor) : changed(executor) {}
  std::uint16_t number = 0;
  std::deque<std::string> says;
  bool ended = false;
  std::string heard;
  bool write_closed = false;
  bool destroyed = false;
  Signal changed;
};

class ScriptedPort final : public api::DuplexStream {
 public:
  explicit ScriptedPort(std::shared_ptr<Port> port) : port_(std::move(port)) {}
  ~ScriptedPort() override { port_->destroyed = true; }

  Task<api::Result<std::optional<std::string>>> next() override {
    while (port_->says.empty() && !port_->ended) co_await port_->changed.wait();
    std::optional<std::string> piece;
    if (!port_->says.empty()) {
      piece = std::move(port_->says.front());
      port_->says.pop_front();
    }
    co_return piece;
  }
  Task<bool> write(std::string_view bytes) override {
    port_->heard += bytes;
    co_return !port_->ended;
  }
  void close_write() override { port_->write_closed = true; }
  void cancel() override {
    port_->ended = true;
    port_->says.clear();
    port_->changed.notify();
  }

 private:
  const std::shared_ptr<Port> port_;
};

struct Forwarder {
  explicit Forwarder(bool tunneled) : tunneled(tunneled) {
    open_port = [this](std::uint16_t number) { return open(number); };
    handler.emplace([this](Request) {
      Response response;
      response.status = 101;
      response.upgrade = std::make_unique<PortForwardSession>(nullptr, open_port, this->tunneled);
      return response;
    });
    client.emplace(*handler);
    client->send("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
    static_cast<void>(client->received());
  }

  Task<api::Result<std::unique_ptr<api::DuplexStream>>> open(std::uint16_t number) {
    if (number == 81) {
      api::Status refused;
      refused.message = "connection refused";
      co_return refused;
    }
    ports.push_back(std::make_shared<Port>(client->context()->get_executor()));
    ports.back()->number = number;
    std::unique_ptr<api::DuplexStream> stream = std::make_unique<ScriptedPort>(ports.back());
    co_return stream;
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
  api::OpenPort open_port;
  std::optional<FunctionHandler> handler;
  std::optional<MemoryClient> client;
  std::vector<std::shared_ptr<Port>> ports;
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
  Port& first = *forwarder.ports[0];
  CHECK(first.number == 80);

  SECTION("bytes go both ways, until the pod has said all") {
    forwarder.send(SpdyFrameWriter::data(3, "GET /", false));
    CHECK(first.heard == "GET /");
    forwarder.send(SpdyFrameWriter::data(3, "", true));
    CHECK(first.write_closed);
    CHECK_FALSE(first.destroyed);
    first.says.emplace_back("answer");
    first.changed.notify();
    forwarder.client->run();
    CHECK(forwarder.take() == Texts{{3, "answer"}});
    first.ended = true;
    first.changed.notify();
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

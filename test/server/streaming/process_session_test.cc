#include "server/streaming/process_session.h"

#include "api/base/ids.h"
#include "server/streaming/spdy_process_client.h"
#include "server/streaming/websocket_process_client.h"
#include "test/server/http/memory_client.h"
#include "test/server/streaming/client_frames.h"
#include "test/server/streaming/scripted_process.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

constexpr WantedStreams kAll{true, true, true, false};
constexpr WantedStreams kTerminal{true, true, false, true};

// A connection whose first request is answered with a session.
struct Session {
  explicit Session(WantedStreams wanted, std::string protocol, std::optional<std::string> failure = std::nullopt,
                   bool starts_at_once = true) {
    const bool websocket = protocol.starts_with("v5") || protocol.starts_with("ws:");
    if (protocol.starts_with("ws:")) protocol.erase(0, 3);
    ProcessSession::MakeClient make_client = [=](asio::any_io_executor executor,
                                                 ByteStream& stream) -> std::unique_ptr<ProcessClient> {
      if (websocket) return std::make_unique<WebSocketProcessClient>(executor, stream, wanted, protocol);
      return std::make_unique<SpdyProcessClient>(executor, stream, wanted, protocol);
    };
    start = [this, failure] { return start_process(failure); };
    handler.emplace([this, make_client](Request) {
      Response response;
      response.status = 101;
      response.headers.add("Connection", "Upgrade");
      response.headers.add("Upgrade", "SPDY/3.1");
      const std::vector<std::string> command = {"sh", "-c", "exit 3"};
      response.upgrade = std::make_unique<ProcessSession>(nullptr, start, "error executing command in container",
                                                          command, make_client);
      return response;
    });
    client.emplace(*handler);
    script = std::make_shared<ProcessScript>(client->context()->get_executor());
    if (!starts_at_once) may_start.emplace(client->context()->get_executor());
    client->send("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
    const std::string head = client->received();
    REQUIRE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"));
    const std::size_t end = head.find("\r\n\r\n") + 4;
    early = head.substr(end);
  }

  Task<api::Result<std::unique_ptr<api::ProcessStreams>>> start_process(std::optional<std::string> failure) {
    started = true;
    if (may_start) co_await may_start->wait();
    if (failure) co_return failing(*failure);
    std::unique_ptr<api::ProcessStreams> process = std::make_unique<ScriptedProcess>(script);
    co_return process;
  }
  static api::Status failing(const std::string& message) {
    api::Status status;
    status.message = message;
    return status;
  }

  api::StartProcess start;
  std::optional<FunctionHandler> handler;
  std::optional<MemoryClient> client;
  std::shared_ptr<ProcessScript> script;
  std::optional<Signal> may_start;
  bool started = false;
  std::string early;  // what came right behind the head
};

// The client's side of SPDY.
struct SpdyPeer {
  explicit SpdyPeer(Session& session) : session(session) {}

  void open(std::uint32_t id, const std::string& type) {
    session.client->send(writer.syn_stream(id, {{"streamtype", type}}, false));
  }
  void open_all() {
    open(1, "error");
    open(3, "stdin");
    open(5, "stdout");
    open(7, "stderr");
  }
  // Reads what came: the data of streams by id, with "." at their end, and other frames in words.
  std::map<std::uint32_t, std::string> take() {
    reader.put(session.client->received());
    std::map<std::uint32_t, std::string> texts;
    while (auto frame = reader.next()) {
      if (const auto* data = std::get_if<SpdyData>(&*frame))
        texts[data->stream] += data->bytes + (data->fin ? "." : "");
      if (const auto* reply = std::get_if<SpdySynReply>(&*frame)) texts[reply->stream] += "open ";
      if (const auto* reset = std::get_if<SpdyReset>(&*frame))
        texts[reset->stream] += "reset " + std::to_string(reset->status);
      if (const auto* ping = std::get_if<SpdyPing>(&*frame)) texts[0] += "ping " + std::to_string(ping->id);
      if (std::holds_alternative<SpdyGoAway>(*frame)) texts[0] += "goaway";
    }
    CHECK_FALSE(reader.failed());
    return texts;
  }

  Session& session;
  SpdyFrameWriter writer;
  SpdyFrameReader reader;
};

const std::string kExit3 =
    R"({"details":{"causes":[{"message":"3","reason":"ExitCode"}]},"message":"command terminated with non-zero exit code: error executing command [sh -c exit 3], exit code 3","metadata":{},"reason":"NonZeroExitCode","status":"Failure"})";
const std::string kSuccess = R"({"metadata":{},"status":"Success"})";

std::string message(int channel, const std::string& bytes) {
  return websocket_binary(std::string(1, static_cast<char>(channel)) + bytes);
}

}  // namespace

TEST_CASE("exec over SPDY") {
  Session session(kAll, "v4.channel.k8s.io");
  SpdyPeer peer(session);
  peer.open(1, "error");
  peer.open(3, "stdin");
  CHECK_FALSE(session.started);
  peer.open(5, "stdout");
  peer.open(7, "stderr");
  CHECK(session.started);
  CHECK(peer.take() == std::map<std::uint32_t, std::string>{{1, "open "}, {3, "open "}, {5, "open "}, {7, "open "}});

  SECTION("both talk, and the exit code is told") {
    session.client->send(SpdyFrameWriter::data(3, "in", false) + SpdyFrameWriter::data(3, "put", true));
    CHECK(session.script->written == "input");
    CHECK(session.script->input_closed);
    session.script->say("out");
    session.script->say("err", true);
    session.client->run();
    CHECK(peer.take() == std::map<std::uint32_t, std::string>{{5, "out"}, {7, "err"}});
    session.script->end(3);
    session.client->run();
    CHECK(peer.take() == std::map<std::uint32_t, std::string>{{0, "goaway"}, {1, kExit3 + "."}, {5, "."}, {7, "."}});
    session.client->end();
    CHECK(session.client->ended());
    CHECK(session.script->destroyed);
  }
  SECTION("success") {
    session.script->end(0);
    session.client->run();
    CHECK(peer.take()[1] == kSuccess + ".");
  }
  SECTION("a client that goes takes its process with it") {
    session.script->reads = false;
    session.client->send(SpdyFrameWriter::data(3, "nobody reads this", false));
    session.client->end();
    CHECK(session.script->cancelled);
    CHECK(session.script->destroyed);
    CHECK(session.client->ended());
  }
  SECTION("a client that breaks the protocol, too") {
    session.client->send(std::string("\x80\x02\x00\x01 no SPDY of version 3", 26));
    CHECK(session.script->destroyed);
    CHECK(peer.take()[0] == "goaway");
    CHECK(session.client->ended());
  }
  SECTION("a server that stops") {
    session.client->connection().stop();
    session.client->run();
    CHECK(session.script->destroyed);
    CHECK(session.client->ended());
  }
  SECTION("pings are answered") {
    session.client->send(SpdyFrameWriter::ping(11));
    CHECK(peer.take()[0] == "ping 11");
  }
  SECTION("streams that may not be") {
    session.client->send(peer.writer.syn_stream(8, {}, false));
    CHECK(peer.take()[8] == "reset 1");
    session.client->send(peer.writer.syn_stream(5, {}, false));
    CHECK(peer.take()[5] == "reset 1");
    CHECK_FALSE(session.client->ended());
  }
  SECTION("a process that does not read makes the client wait") {
    session.script->reads = false;
    std::size_t sent = 0;
    for (; sent < 100; ++sent) session.client->send(SpdyFrameWriter::data(3, std::string(32 * 1024, 'x'), false));
    // What the server has not taken off the wire waits there.
    CHECK(session.client->unread() > 80 * 32 * 1024);
    session.script->reads = true;
    session.script->room.notify();
    session.client->run();
    CHECK(session.client->unread() == 0);
    CHECK(session.script->written.size() == 100 * 32 * 1024);
  }
  SECTION("a client that does not read makes the process wait") {
    session.client->stop_reading();
    for (int i = 0; i < 100; ++i) session.script->say(std::string(32 * 1024, 'x'));
    session.client->run();
    CHECK(session.script->outputs.size() >= 95);
    session.client->end();
  }
  SECTION("input that nobody wants does not keep the outcome back") {
    session.script->reads = false;
    for (int i = 0; i < 20; ++i) session.client->send(SpdyFrameWriter::data(3, std::string(32 * 1024, 'x'), false));
    session.script->end(0);
    session.client->run();
    CHECK(peer.take()[1] == kSuccess + ".");
    session.client->run();
    CHECK(session.client->unread() == 0);
  }
}

TEST_CASE("exec over SPDY with a terminal") {
  Session session(kTerminal, "v4.channel.k8s.io");
  SpdyPeer peer(session);
  peer.open(1, "error");
  peer.open(3, "stdin");
  peer.open(5, "stdout");
  CHECK_FALSE(session.started);
  peer.open(7, "resize");
  CHECK(session.started);
  session.client->send(SpdyFrameWriter::data(7, "{\"Width\":80,\"Hei", false));
  session.client->send(SpdyFrameWriter::data(7, "ght\":24}\n{\"Width\":-1,\"Height\":99999}\n{bad}", false));
  CHECK(session.script->sizes == std::vector<std::pair<int, int>>{{80, 24}, {0, 65535}});
}

TEST_CASE("The oldest protocols tell failures as text") {
  Session session({false, true, false, false}, "channel.k8s.io");
  SpdyPeer peer(session);
  peer.open(1, "error");
  peer.open(3, "stdout");
  static_cast<void>(peer.take());
  session.script->end(3);
  session.client->run();
  CHECK(peer.take()[1] ==
        "command terminated with non-zero exit code: error executing command [sh -c exit 3], exit code 3.");
}

TEST_CASE("A process that cannot be started is told of in the error stream") {
  Session session(kAll, "v4.channel.k8s.io", "failed to exec in container: why");
  SpdyPeer peer(session);
  peer.open_all();
  const std::string text = peer.take()[1];
  const std::string expected =
      R"(open {"code":500,"details":{"causes":[{"message":"error executing command in container: failed to exec in container: why"}]},"message":"Internal error occurred: error executing command in container: failed to exec in container: why","metadata":{},"reason":"InternalError","status":"Failure"}.)";
  CHECK(text == expected);
}

TEST_CASE("exec over a WebSocket") {
  Session session(kAll, "v5.channel.k8s.io");
  CHECK(session.early == message(1, ""));
  CHECK(session.started);

  SECTION("both talk, and the exit code is told") {
    session.client->send(channel_frame(0, "in") + channel_frame(4, "{\"Width\":1,\"Height\":1}") +
                         channel_frame(0, ""));
    session.client->send(client_frame(2, std::string("\0pu", 3), false) + client_frame(0, "t"));
    CHECK(session.script->written == "input");
    CHECK(session.script->sizes.empty());  // there is no terminal
    CHECK_FALSE(session.script->input_closed);
    session.client->send(channel_frame(255, std::string(1, '\0')) + channel_frame(0, "too late"));
    CHECK(session.script->input_closed);
    CHECK(session.script->written == "input");
    session.script->say("out");
    session.script->say("err", true);
    session.client->run();
    CHECK(session.client->received() == message(1, "out") + message(2, "err"));
    session.script->end(3);
    session.client->run();
    CHECK(session.client->received() == message(3, kExit3) + websocket_close(1000));
    session.client->send(client_frame(8, "\x03\xe8"));
    CHECK(session.client->ended());
    CHECK(session.script->destroyed);
  }
  SECTION("a client that closes takes its process with it") {
    session.client->send(client_frame(8, "\x03\xe8"));
    CHECK(session.client->received() == websocket_close(1000));
    CHECK(session.script->destroyed);
    CHECK(session.client->ended());
  }
  SECTION("a client that goes while its process does not read, too") {
    session.script->reads = false;
    session.client->send(channel_frame(0, "nobody reads this"));
    session.client->end();
    CHECK(session.script->destroyed);
    CHECK(session.client->ended());
  }
  SECTION("a client that breaks the protocol, too") {
    session.client->send("\x82\x03 not masked");
    CHECK(session.client->received() == websocket_close(1002));
    CHECK(session.script->destroyed);
    CHECK(session.client->ended());
  }
  SECTION("pings are answered") {
    session.client->send(client_frame(9, "abc"));
    CHECK(session.client->received() == websocket_pong("abc"));
  }
  SECTION("a process that does not read makes the client wait") {
    session.script->reads = false;
    for (int i = 0; i < 100; ++i) session.client->send(channel_frame(0, std::string(32 * 1024, 'x')));
    CHECK(session.client->unread() > 80 * 32 * 1024);
    session.script->reads = true;
    session.script->room.notify();
    session.client->run();
    CHECK(session.script->written.size() == 100 * 32 * 1024);
  }
}

TEST_CASE("A WebSocket's client hears nothing before its process runs") {
  Session session({true, false, true, false}, "v5.channel.k8s.io", std::nullopt, false);
  CHECK(session.started);
  CHECK(session.early.empty());
  session.may_start->notify();
  session.client->run();
  CHECK(session.client->received() == message(2, ""));
}

TEST_CASE("exec over a WebSocket with text only") {
  Session session(kAll, "ws:v4.base64.channel.k8s.io");
  CHECK(session.early == websocket_text("1"));
  session.client->send(client_frame(1, "0aW5w"));
  CHECK(session.script->written == "inp");
  // Pieces end anywhere, a message's base64 does not.
  session.client->send(client_frame(1, "0d", false) + client_frame(0, "XQ=") + client_frame(1, ""));
  CHECK(session.script->written == "input");
  session.client->send(client_frame(1, "0not base64!"));
  CHECK(session.script->written == "input");
  session.script->say("out");
  session.script->say("err", true);
  session.client->run();
  CHECK(session.client->received() == websocket_text("1b3V0") + websocket_text("2ZXJy"));
  session.script->end(0);
  session.client->run();
  CHECK(session.client->received() == websocket_text("3" + base64_encode(kSuccess)) + websocket_close(1000));
}

TEST_CASE("Version 4 over a WebSocket has no signal for the end of the input") {
  Session session(kTerminal, "ws:v4.channel.k8s.io");
  session.client->send(channel_frame(255, std::string(1, '\0')) + channel_frame(0, "x") +
                       channel_frame(4, "{\"Width\":80,\"Height\":24}"));
  CHECK_FALSE(session.script->input_closed);
  CHECK(session.script->written == "x");
  CHECK(session.script->sizes == std::vector<std::pair<int, int>>{{80, 24}});
}

TEST_CASE("Of the sizes that a busy process has not asked for, the last counts") {
  Session session(kTerminal, "ws:v5.channel.k8s.io");
  session.script->reads = false;
  session.client->send(channel_frame(0, "x"));
  for (const char* size :
       {"{\"Width\":80,\"Height\":24}", "{\"Width\":81,\"Height\":24}", "{\"Width\":82,\"Height\":25}"}) {
    session.client->send(channel_frame(4, size));
  }
  session.script->reads = true;
  session.script->room.notify();
  session.client->run();
  CHECK(session.script->written == "x");
  CHECK(session.script->sizes == std::vector<std::pair<int, int>>{{82, 25}});
}

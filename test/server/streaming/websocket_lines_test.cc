#include "server/streaming/websocket_lines.h"

#include "test/server/http/memory_client.h"
#include "test/server/streaming/client_frames.h"

#include <catch2/catch.hpp>

#include <deque>
#include <optional>

using namespace skiff;
using namespace skiff::server;

namespace {

// What a body says, piece by piece, and what became of it.
struct Script {
  explicit Script(asio::any_io_executor executor) : changed(executor) {}
  void say(std::vector<std::string> texts) {
    pieces.push_back(std::move(texts));
    changed.notify();
  }
  std::deque<std::vector<std::string>> pieces;
  bool over = false;
  bool destroyed = false;
  Signal changed;
};

class ScriptedBody final : public BodyStream {
 public:
  explicit ScriptedBody(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~ScriptedBody() override { script_->destroyed = true; }

  Task<std::vector<Slice>> next() override {
    while (script_->pieces.empty() && !script_->over) co_await script_->changed.wait();
    std::vector<Slice> slices;
    if (script_->over) co_return slices;
    for (std::string& text : script_->pieces.front()) slices.push_back(Slice::of(std::move(text)));
    script_->pieces.pop_front();
    co_return slices;
  }
  void cancel() override {
    script_->over = true;
    script_->changed.notify();
  }

 private:
  std::shared_ptr<Script> script_;
};

struct Conversation {
  Conversation() {
    handler.emplace([this](Request) {
      Response response;
      response.status = 101;
      response.headers.add("Upgrade", "websocket");
      response.upgrade = std::make_unique<WebSocketLines>(std::make_unique<ScriptedBody>(script));
      return response;
    });
    client.emplace(*handler);
    script = std::make_shared<Script>(client->context()->get_executor());
    client->send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    REQUIRE(client->received().ends_with("\r\n\r\n"));
  }
  void say(std::vector<std::string> texts) {
    script->say(std::move(texts));
    client->run();
  }

  std::optional<FunctionHandler> handler;
  std::optional<MemoryClient> client;
  std::shared_ptr<Script> script;
};

}  // namespace

TEST_CASE("each line of a body is a text message") {
  Conversation conversation;
  conversation.say({"{\"a\":", "1", "}\n", "{}\n"});
  CHECK(conversation.client->received() == websocket_text("{\"a\":1}\n") + websocket_text("{}\n"));
  SECTION("until the body ends") {
    conversation.script->over = true;
    conversation.script->changed.notify();
    conversation.client->run();
    CHECK(conversation.client->received() == websocket_close(1000));
    CHECK(conversation.client->ended());
    CHECK(conversation.script->destroyed);
  }
  SECTION("until the client closes, whatever else it says") {
    conversation.client->send(client_frame(1, "hello"));
    conversation.say({"{}\n"});
    CHECK(conversation.client->received() == websocket_text("{}\n"));
    conversation.client->send(client_frame(8, "\x03\xe8"));
    CHECK(conversation.client->received() == websocket_close(1000));
    CHECK(conversation.client->ended());
    CHECK(conversation.script->destroyed);
  }
  SECTION("until the client goes") {
    conversation.client->end();
    CHECK(conversation.client->ended());
    CHECK(conversation.script->destroyed);
  }
}

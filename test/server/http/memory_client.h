#pragma once

#include "api/base/clock.h"
#include "server/http/connection.h"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace skiff::server {

class FixedClock final : public Clock {
 public:
  TimePoint now() const override {
    return TimePoint(std::chrono::seconds(1795360458));
  }  // Sun, 22 Nov 2026 15:14:18 GMT
};

class FunctionHandler final : public Handler {
 public:
  using Function = std::function<Response(Request)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  Task<Response> handle(Request request) override { co_return function_(std::move(request)); }

 private:
  Function function_;
};

// A ByteStream without a socket: the test is the client.
class MemoryStream final : public ByteStream {
 public:
  struct Wire {
    explicit Wire(asio::any_io_executor executor) : changed_for_reader(executor), changed_for_writer(executor) {}
    std::string to_server;
    std::string to_client;
    bool client_ended = false;
    bool client_reads = true;
    bool finished = false;
    bool closed = false;
    Signal changed_for_reader;
    Signal changed_for_writer;
  };

  explicit MemoryStream(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(std::span<char> buffer) override {
    while (wire_->to_server.empty() && !wire_->client_ended && !wire_->closed)
      co_await wire_->changed_for_reader.wait();
    if (wire_->closed) co_return 0;
    const std::size_t count = wire_->to_server.copy(buffer.data(), buffer.size());
    wire_->to_server.erase(0, count);
    co_return count;
  }
  Task<bool> write_all(std::string_view bytes) override {
    while (!wire_->client_reads && !wire_->closed) co_await wire_->changed_for_writer.wait();
    if (wire_->closed) co_return false;
    wire_->to_client += bytes;
    co_return true;
  }
  Task<void> finish() override {
    wire_->finished = true;
    co_return;
  }
  void close() override {
    wire_->closed = true;
    wire_->changed_for_reader.notify();
    wire_->changed_for_writer.notify();
  }
  std::optional<api::User> certificate_user() const override { return std::nullopt; }

 private:
  std::shared_ptr<Wire> wire_;
};

// One connection and its client, on one thread: each call runs the connection until it waits for the client again.
class MemoryClient {
 public:
  explicit MemoryClient(Handler& handler, HttpLimits limits = {})
      : limits_(limits), wire_(std::make_shared<MemoryStream::Wire>(context_->get_executor())) {
    connection_ = std::make_shared<Connection>(context_->get_executor(), std::make_unique<MemoryStream>(wire_), handler,
                                               clock_, limits_);
    asio::co_spawn(*context_, connection_->run(), [this](const std::exception_ptr& exception) {
      ended_ = true;
      if (exception) std::rethrow_exception(exception);
    });
    run();
  }
  ~MemoryClient() {
    connection_->abort();
    context_->restart();
    context_->run();
  }

  void send(std::string_view bytes) {
    feed(bytes);
    run();
  }
  // As send(), from within a handler on context(), which runs already.
  void feed(std::string_view bytes) {
    wire_->to_server += bytes;
    wire_->changed_for_reader.notify();
  }
  // The client sends no more (and, as HTTP clients do, is gone).
  void end() {
    wire_->client_ended = true;
    wire_->changed_for_reader.notify();
    run();
  }
  void stop_reading() { wire_->client_reads = false; }
  void run() {
    context_->restart();
    context_->poll();
  }
  // Runs until the connection has ended by itself, which takes as long as its deadlines say.
  void run_to_end() {
    context_->restart();
    context_->run();
  }

  // What came from the server since the last call.
  std::string received() { return std::exchange(wire_->to_client, {}); }
  // How much of what we sent the server has not read.
  std::size_t unread() const { return wire_->to_server.size(); }
  bool ended() const { return ended_; }
  // The server said its last word and waited for us to read it.
  bool finished_orderly() const { return wire_->finished; }
  Connection& connection() { return *connection_; }
  const std::shared_ptr<asio::io_context>& context() { return context_; }

 private:
  const std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
  FixedClock clock_;
  const HttpLimits limits_;
  std::shared_ptr<MemoryStream::Wire> wire_;
  std::shared_ptr<Connection> connection_;
  bool ended_ = false;
};

// A body that the test fills.
class ScriptedBody final : public BodyStream {
 public:
  struct Script {
    // `context` is kept for as long as the script, where that may outlive the client.
    explicit Script(asio::any_io_executor executor, std::shared_ptr<asio::io_context> context = nullptr)
        : context_kept(std::move(context)), changed(std::move(executor)) {}
    const std::shared_ptr<asio::io_context> context_kept;
    std::deque<std::vector<Slice>> pieces;
    bool ended = false;
    bool broken = false;
    bool cancelled = false;
    bool destroyed = false;
    int taken = 0;
    Signal changed;

    void push(std::vector<Slice> more) {
      pieces.push_back(std::move(more));
      changed.notify();
    }
    void end() {
      ended = true;
      changed.notify();
    }
  };

  explicit ScriptedBody(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~ScriptedBody() override { script_->destroyed = true; }

  Task<std::vector<Slice>> next() override {
    while (script_->pieces.empty() && !script_->ended && !script_->cancelled) co_await script_->changed.wait();
    if (script_->broken) throw std::runtime_error("broken");
    if (script_->pieces.empty() || script_->cancelled) co_return std::vector<Slice>();
    std::vector<Slice> pieces = std::move(script_->pieces.front());
    script_->pieces.pop_front();
    ++script_->taken;
    co_return pieces;
  }
  void cancel() override {
    script_->cancelled = true;
    script_->changed.notify();
  }

 private:
  std::shared_ptr<Script> script_;
};

}  // namespace skiff::server

#include "server/http/http_server.h"

#include "test/server/http/memory_client.h"
#include "test/server/http/running_server.h"

#include <atomic>
#include <future>
#include <thread>

namespace skiff::server {

using asio::ip::tcp;

namespace {

// Answers with a stream of one piece, which then waits until it is cancelled.
class WatchHandler final : public Handler {
 public:
  explicit WatchHandler(std::string first = "") : first_(std::move(first)) {}
  Task<Response> handle(Request) override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto script = std::make_shared<ScriptedBody::Script>(executor);
    if (!first_.empty()) script->push({Slice::literal(first_)});
    Response response;
    response.stream = std::make_unique<ScriptedBody>(script);
    co_return response;
  }

 private:
  const std::string first_;
};

// Produces a body as fast as it is taken.
class EndlessBody final : public BodyStream {
 public:
  struct State {
    std::atomic<std::size_t> bytes = 0;
    std::promise<void> destroyed;
  };
  explicit EndlessBody(State& state) : state_(state) {}
  ~EndlessBody() override { state_.destroyed.set_value(); }

  Task<std::vector<Slice>> next() override {
    std::vector<Slice> pieces;
    if (!cancelled_) pieces.push_back(Slice::of(std::string(4096, 'x')));
    state_.bytes += 4096;
    co_return pieces;
  }
  void cancel() override { cancelled_ = true; }

 private:
  State& state_;
  bool cancelled_ = false;
};

class EndlessHandler final : public Handler {
 public:
  explicit EndlessHandler(EndlessBody::State& state) : state_(state) {}
  Task<Response> handle(Request) override {
    Response response;
    response.stream = std::make_unique<EndlessBody>(state_);
    co_return response;
  }

 private:
  EndlessBody::State& state_;
};

// Whether a new client gets an answer, or else is refused.
bool is_served(std::uint16_t port) {
  asio::io_context context;
  tcp::socket socket(context);
  socket.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  boost::system::error_code refused;
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")), refused);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), refused);
  return answer.starts_with("HTTP/1.1 200 OK");
}

Response text_response(std::string text) {
  Response response;
  response.body.push_back(Slice::of(std::move(text)));
  return response;
}

}  // namespace

TEST_CASE("many clients at once over plain HTTP") {
  FunctionHandler handler([](Request request) { return text_response(request.path + request.body + "."); });
  RunningServer server(handler, {});
  REQUIRE(server.port() != 0);
  std::vector<std::future<bool>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      PlainClient client(server.port());
      for (int n = 0; n < 50; ++n) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(n);
        client.send("PUT " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
        client.read_until("\r\n\r\n");
        if (client.read_until(".") != path + "ok.") return false;
      }
      return true;
    }));
  }
  for (auto& client : clients) CHECK(client.get());
}

TEST_CASE("an address in use is one clear error") {
  FunctionHandler handler([](Request) { return Response{}; });
  RunningServer first(handler, {});
  asio::io_context context;
  FixedClock clock;
  HttpServerOptions options;
  options.port = first.port();
  HttpServer second(context.get_executor(), handler, clock, options);
  const auto started = second.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == ErrorCode::kUnavailable);
  CHECK(started.error().message == "listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use");
}

TEST_CASE("an address that is none is one clear error") {
  asio::io_context context;
  FixedClock clock;
  FunctionHandler handler([](Request) { return Response{}; });
  HttpServerOptions options;
  options.address = "localhost";
  HttpServer server(context.get_executor(), handler, clock, options);
  const auto started = server.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message == "listen on localhost: not an IP address");
}

TEST_CASE("a refused upload gets its answer although the client still sends") {
  FunctionHandler handler([](Request) { return Response{}; });
  RunningServer server(handler, {});
  PlainClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n");
  client.send(std::string(4 * 1024 * 1024, 'x'));
  client.socket().shutdown(tcp::socket::shutdown_send);
  CHECK(client.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("connections beyond the limit are refused at once, and the others stay") {
  FunctionHandler handler([](Request) { return text_response("."); });
  HttpServerOptions options;
  options.limits.connections = 2;
  RunningServer server(handler, options);
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  auto first = std::make_unique<PlainClient>(server.port());
  PlainClient second(server.port());
  first->send(request);
  first->read_until("\r\n\r\n.");
  second.send(request);
  second.read_until("\r\n\r\n.");
  CHECK(PlainClient(server.port()).read_to_end().empty());
  CHECK(PlainClient(server.port()).read_to_end().empty());
  second.send(request);
  CHECK(second.read_until("\r\n\r\n.").starts_with("HTTP/1.1 200 OK"));

  first->send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  first->read_to_end();
  first.reset();
  // The server learns a little later than we do that the first has gone.
  while (!is_served(server.port())) std::this_thread::yield();
}

TEST_CASE("a client that does not read holds a bounded part of its body, and only until its time is over") {
  EndlessBody::State state;
  EndlessHandler handler(state);
  HttpServerOptions options;
  options.limits.write = std::chrono::milliseconds(200);
  RunningServer server(handler, options);
  asio::io_context context;
  tcp::socket silent(context);
  silent.open(tcp::v4());
  silent.set_option(asio::socket_base::receive_buffer_size(4096));
  silent.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), server.port()));
  asio::write(silent, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  state.destroyed.get_future().wait();
  // Without its bound the kernel alone takes 2.5 MiB.
  CHECK(state.bytes > 0);
  CHECK(state.bytes < 512 * 1024);
}

TEST_CASE("stop ends streams orderly and does not wait for idle clients") {
  WatchHandler handler;
  HttpServerOptions options;
  options.limits.shutdown_grace = std::chrono::seconds(1000);
  RunningServer server(handler, options);
  PlainClient idle(server.port());
  PlainClient half(server.port());
  half.send("GET / HT");
  PlainClient watcher(server.port());
  watcher.send("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
  watcher.read_until("\r\n\r\n");
  server.stop();
  CHECK(watcher.read_to_end() == "0\r\n\r\n");
  CHECK(idle.read_to_end().empty());
}

TEST_CASE("stop gives a client that does not read only the grace period") {
  WatchHandler handler(std::string(64 * 1024 * 1024, 'x'));
  HttpServerOptions options;
  options.limits.shutdown_grace = std::chrono::milliseconds(20);
  RunningServer server(handler, options);
  PlainClient watcher(server.port());
  watcher.send("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
  watcher.read_until("\r\n\r\n");
  server.stop();
}

}  // namespace skiff::server

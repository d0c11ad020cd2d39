#include "server/streaming/port_forward_session.h"

#include "server/streaming/websocket_tunnel.h"

#include <charconv>
#include <utility>

namespace skiff::server {

namespace {

// 0 when the text is no port.
std::uint16_t port_number(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

}  // namespace

// One connection to a port of the pod.
struct PortForwardSession::Forwarding {
  explicit Forwarding(const asio::any_io_executor& executor) : changed(executor) {}

  // No stream is read any more, and nobody waits for the pod.
  void end() {
    ended = true;
    if (connection) connection->cancel();
    changed.notify();
  }

  std::uint16_t port = 0;
  std::shared_ptr<SpdyStream> data;
  std::shared_ptr<SpdyStream> error;
  std::unique_ptr<api::DuplexStream> connection;
  bool ended = false;
  Signal changed;  // the data stream has news
};

PortForwardSession::PortForwardSession(std::shared_ptr<api::NodeService> node, api::OpenPort open_port, bool tunneled)
    : node_(std::move(node)), open_port_(std::move(open_port)), tunneled_(tunneled) {}

PortForwardSession::~PortForwardSession() = default;

Task<void> PortForwardSession::run(ByteStream& stream) {
  if (!tunneled_) {
    co_await serve(stream);
    co_return;
  }
  WebSocketTunnel tunnel(co_await asio::this_coro::executor, stream);
  co_await serve(tunnel);
}

Task<void> PortForwardSession::serve(ByteStream& stream) {
  executor_ = co_await asio::this_coro::executor;
  TaskGroup tasks(executor_);
  SpdyConnection connection(executor_, stream, [this](const std::shared_ptr<SpdyStream>& opened) { accept(opened); });
  stream_ = &stream;
  connection_ = &connection;
  tasks_ = &tasks;
  co_await connection.run();
  for (const std::shared_ptr<Forwarding>& forwarding : open_) forwarding->end();
  stream.close();
  co_await tasks.join();
  half_open_.clear();
  stream_ = nullptr;
  connection_ = nullptr;
  tasks_ = nullptr;
}

void PortForwardSession::cancel() {
  if (connection_ == nullptr) return;
  connection_->cancel();
  stream_->close();
}

void PortForwardSession::accept(const std::shared_ptr<SpdyStream>& stream) {
  const std::string type = stream->header("streamtype");
  const std::uint16_t port = port_number(stream->header("port"));
  if (port == 0 || (type != "data" && type != "error")) {
    tasks_->spawn(refuse(stream));
    return;
  }
  std::string request = stream->header("requestid");
  // The oldest clients count by their streams alone: the error stream comes first, and two are a pair.
  if (request.empty()) request = std::to_string(type == "error" ? stream->id() : stream->id() - 2);
  forget_given_up();
  std::shared_ptr<Forwarding>& forwarding = half_open_[request];
  if (!forwarding) forwarding = std::make_shared<Forwarding>(executor_);
  forwarding->port = port;
  std::shared_ptr<SpdyStream>& place = type == "data" ? forwarding->data : forwarding->error;
  if (place) {
    tasks_->spawn(refuse(stream));
    return;
  }
  place = stream;
  if (!forwarding->data || !forwarding->error) return;
  tasks_->spawn(forward(forwarding));
  half_open_.erase(request);
}

void PortForwardSession::forget_given_up() {
  const auto was_reset = [](const std::shared_ptr<SpdyStream>& stream) { return stream && stream->was_reset(); };
  std::erase_if(half_open_, [&was_reset](const auto& entry) {
    return was_reset(entry.second->data) || was_reset(entry.second->error);
  });
}

Task<void> PortForwardSession::refuse(std::shared_ptr<SpdyStream> stream) {
  co_await stream->reset(kSpdyResetProtocolError);
}

Task<void> PortForwardSession::forward(std::shared_ptr<Forwarding> forwarding) {
  open_.insert(forwarding);
  forwarding->error->stop_reading();
  forwarding->data->set_listener(forwarding->changed.notifier());
  auto opened = co_await open_port_(forwarding->port);
  std::string failure;
  if (opened && !forwarding->ended) {
    forwarding->connection = std::move(*opened);
    TaskGroup directions(executor_);
    directions.spawn(carry_in(forwarding));
    co_await carry_out(forwarding);
    forwarding->end();
    co_await directions.join();
    forwarding->connection.reset();
  } else if (!opened) {
    failure = opened.error().message;
  }
  forwarding->data->stop_reading();
  co_await forwarding->error->write_last(failure);
  co_await forwarding->data->write_last("");
  open_.erase(forwarding);
}

Task<void> PortForwardSession::carry_out(std::shared_ptr<Forwarding> forwarding) {
  for (;;) {
    const auto piece = co_await forwarding->connection->next();
    if (!piece || !*piece) co_return;
    if (!co_await forwarding->data->write(**piece)) co_return;
  }
}

Task<void> PortForwardSession::carry_in(std::shared_ptr<Forwarding> forwarding) {
  while (!forwarding->ended) {
    if (const auto bytes = forwarding->data->take()) {
      if (!co_await forwarding->connection->write(*bytes)) co_return;
    } else if (forwarding->data->was_reset()) {
      forwarding->end();
    } else if (forwarding->data->read_ended()) {
      forwarding->connection->close_write();
      // Only a reset can follow.
      while (!forwarding->ended && !forwarding->data->was_reset()) co_await forwarding->changed.wait();
      forwarding->end();
    } else {
      co_await forwarding->changed.wait();
    }
  }
}

}  // namespace skiff::server

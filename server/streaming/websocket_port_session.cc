#include "server/streaming/websocket_port_session.h"

#include <utility>

namespace skiff::server {

// One connection to a port of the pod.
struct WebSocketPortSession::Port {
  Port(const asio::any_io_executor& executor, std::uint16_t number, std::uint8_t data_channel)
      : number(number), data_channel(data_channel), came(executor) {}

  [[nodiscard]] std::uint8_t error_channel() const { return static_cast<std::uint8_t>(data_channel + 1); }

  const std::uint16_t number;
  const std::uint8_t data_channel;
  std::unique_ptr<api::DuplexStream> connection;
  std::string unwritten;  // what the client has said
  bool ended = false;
  Signal came;  // something unwritten, or the end
};

WebSocketPortSession::WebSocketPortSession(std::shared_ptr<api::NodeService> node, api::OpenPort open_port,
                                           std::vector<std::uint16_t> ports, bool base64)
    : node_(std::move(node)), open_port_(std::move(open_port)), numbers_(std::move(ports)), base64_(base64) {}

WebSocketPortSession::~WebSocketPortSession() = default;

Task<void> WebSocketPortSession::run(ByteStream& stream) {
  const auto executor = co_await asio::this_coro::executor;
  WebSocketChannels channels(executor, stream, base64_);
  channels_ = &channels;
  for (const std::uint16_t number : numbers_) {
    const auto channel = static_cast<std::uint8_t>(2 * ports_.size());
    ports_.push_back(std::make_unique<Port>(executor, number, channel));
  }
  TaskGroup listening(executor);
  TaskGroup connections(executor);
  listening.spawn(listen());
  if (co_await name_ports()) {
    for (const auto& port : ports_) connections.spawn(forward(*port));
    co_await connections.join();
    co_await channels.say_goodbye();
  }
  channels.close();
  co_await listening.join();
  channels_ = nullptr;
  ports_.clear();
}

void WebSocketPortSession::cancel() {
  if (channels_ == nullptr) return;
  channels_->close();
  end_all();
}

Task<void> WebSocketPortSession::listen() {
  WebSocketChannels::Take take_piece = [this](std::uint8_t channel, std::string bytes) {
    take(channel, std::move(bytes));
  };
  co_await channels_->read(std::move(take_piece));
  end_all();
}

void WebSocketPortSession::take(std::uint8_t channel, std::string bytes) {
  // What comes on the channels of errors, or on none, means nothing.
  if (channel % 2 != 0 || channel / 2 >= ports_.size()) return;
  Port& port = *ports_[channel / 2];
  if (port.ended) return;
  channels_->hold(bytes.size());
  port.unwritten += bytes;
  port.came.notify();
}

Task<bool> WebSocketPortSession::name_ports() {
  for (const auto& port : ports_) {
    const std::string number = {static_cast<char>(port->number & 255), static_cast<char>(port->number >> 8)};
    const bool first = co_await channels_->write(port->data_channel, number);
    if (!first || !co_await channels_->write(port->error_channel(), number)) co_return false;
  }
  co_return true;
}

Task<void> WebSocketPortSession::forward(Port& port) {
  auto opened = co_await open_port_(port.number);
  if (!opened) {
    co_await channels_->write(port.error_channel(), opened.error().message);
  } else if (!port.ended) {
    port.connection = std::move(*opened);
    TaskGroup writing(co_await asio::this_coro::executor);
    writing.spawn(carry_in(port));
    co_await carry_out(port);
    end(port);
    co_await writing.join();
    port.connection.reset();
  }
  end(port);
}

Task<void> WebSocketPortSession::carry_out(Port& port) {
  for (;;) {
    const auto piece = co_await port.connection->next();
    if (!piece || !*piece) co_return;
    if (!co_await channels_->write(port.data_channel, **piece)) co_return;
  }
}

Task<void> WebSocketPortSession::carry_in(Port& port) {
  while (!port.ended) {
    const std::string bytes = std::exchange(port.unwritten, {});
    if (bytes.empty()) {
      co_await port.came.wait();
    } else {
      // A pod that has stopped listening may still talk: the rest is dropped.
      co_await port.connection->write(bytes);
      channels_->release(bytes.size());
    }
  }
}

void WebSocketPortSession::end(Port& port) {
  port.ended = true;
  channels_->release(std::exchange(port.unwritten, {}).size());
  if (port.connection) port.connection->cancel();
  port.came.notify();
}

void WebSocketPortSession::end_all() {
  for (const auto& port : ports_) end(*port);
}

}  // namespace skiff::server

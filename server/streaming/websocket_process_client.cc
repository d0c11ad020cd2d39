#include "server/streaming/websocket_process_client.h"

#include "api/base/ids.h"

#include <utility>

namespace skiff::server {

namespace {

constexpr std::size_t kReadAheadBytes = 256 * 1024;
constexpr std::chrono::seconds kWebSocketPingPeriod{5};
// How long a client that has been told everything may take to close.
constexpr std::chrono::seconds kWebSocketCloseTimeout{2};

enum : std::uint8_t {
  kStdinChannel = 0,
  kStdoutChannel = 1,
  kStderrChannel = 2,
  kErrorChannel = 3,
  kResizeChannel = 4,
  kCloseChannel = 255,
};

}  // namespace

WebSocketProcessClient::WebSocketProcessClient(asio::any_io_executor executor, ByteStream& stream, WantedStreams wanted,
                                               std::string protocol)
    : stream_(stream),
      wanted_(wanted),
      status_as_json_(protocol.starts_with("v4.") || protocol.starts_with("v5.")),
      has_close_signal_(protocol.starts_with("v5.")),
      base64_(protocol.ends_with("base64.channel.k8s.io")),
      socket_(executor, stream),
      came_(executor),
      left_(executor),
      taken_(executor),
      tasks_(executor) {}

WebSocketProcessClient::~WebSocketProcessClient() = default;

Task<bool> WebSocketProcessClient::open() {
  tasks_.spawn(read_ahead());
  // An empty message on the first channel that we write tells the client that all stands.
  std::uint8_t channel = kErrorChannel;
  if (wanted_.output) {
    channel = kStdoutChannel;
  } else if (wanted_.errors) {
    channel = kStderrChannel;
  }
  co_return co_await say(channel, "");
}

Task<bool> WebSocketProcessClient::say(std::uint8_t channel, std::string_view bytes) {
  std::string message(1, static_cast<char>(base64_ ? '0' + channel : channel));
  if (!base64_) {
    message += bytes;
    return socket_.write(message);
  }
  message += base64_encode(bytes);
  return socket_.write_text(message);
}

void WebSocketProcessClient::queue(ClientInput input) {
  input_bytes_ += input.bytes.size();
  inputs_.push_back(std::move(input));
  came_.notify();
}

void WebSocketProcessClient::queue_size(api::TerminalSize size) {
  // Of sizes that nobody has asked for yet, the last one counts.
  if (!inputs_.empty() && inputs_.back().kind == ClientInput::Kind::kResize) inputs_.pop_back();
  ClientInput input;
  input.kind = ClientInput::Kind::kResize;
  input.size = size;
  queue(std::move(input));
}

void WebSocketProcessClient::queue_end() {
  if (std::exchange(input_ended_, true)) return;
  ClientInput input;
  input.kind = ClientInput::Kind::kEnd;
  queue(std::move(input));
}

void WebSocketProcessClient::take_piece(WebSocketPiece piece) {
  if (piece.first) {
    channel_ = -1;
    undecoded_.clear();
  }
  if (channel_ < 0 && !piece.bytes.empty()) {
    channel_ = static_cast<unsigned char>(base64_ ? piece.bytes[0] - '0' : piece.bytes[0]);
    piece.bytes.erase(0, 1);
  }
  if (base64_) piece.bytes = decoded(piece.bytes);
  if (piece.bytes.empty()) return;
  if (channel_ == kStdinChannel && wanted_.input && !input_ended_) {
    ClientInput input;
    input.bytes = std::move(piece.bytes);
    queue(std::move(input));
  } else if (channel_ == kResizeChannel && wanted_.terminal) {
    size_reader_.put(piece.bytes);
    while (const auto size = size_reader_.next()) queue_size(*size);
  } else if (channel_ == kCloseChannel && has_close_signal_ && piece.bytes[0] == kStdinChannel) {
    queue_end();
  }
}

std::string WebSocketProcessClient::decoded(const std::string& text) {
  undecoded_ += text;
  const std::size_t whole = undecoded_.size() / 4 * 4;
  std::string bytes;
  if (!base64_decode(std::string_view(undecoded_).substr(0, whole), bytes)) bytes.clear();
  undecoded_.erase(0, whole);
  return bytes;
}

Task<void> WebSocketProcessClient::wait_for_reader() {
  while (input_bytes_ > kReadAheadBytes && !gone_) {
    const auto deadline = std::chrono::steady_clock::now() + kWebSocketPingPeriod;
    if (co_await taken_.wait_until(deadline)) continue;
    const bool alive = co_await socket_.ping();
    if (!alive) co_return;
  }
}

Task<void> WebSocketProcessClient::read_ahead() {
  while (!gone_) {
    auto piece = co_await socket_.read();
    if (!piece) break;
    take_piece(std::move(*piece));
    co_await wait_for_reader();
  }
  gone_ = true;
  came_.notify();
  left_.notify();
  if (gone_listener_) gone_listener_();
}

Task<std::optional<ClientInput>> WebSocketProcessClient::receive() {
  while (inputs_.empty() && !gone_) co_await came_.wait();
  if (gone_) co_return std::nullopt;
  std::optional<ClientInput> input(std::move(inputs_.front()));
  inputs_.pop_front();
  input_bytes_ -= input->bytes.size();
  taken_.notify();
  co_return input;
}

Task<bool> WebSocketProcessClient::send(api::ProcessStreams::Source source, std::string_view bytes) {
  const bool errors = source == api::ProcessStreams::Source::kStderr;
  const bool is_wanted = errors ? wanted_.errors : wanted_.output;
  if (!is_wanted) co_return !gone_;
  const std::uint8_t channel = errors ? kStderrChannel : kStdoutChannel;
  co_return co_await say(channel, bytes);
}

Task<void> WebSocketProcessClient::finish(const Json& status) {
  // A client whose input nobody wants any more must not be kept from hearing the outcome.
  input_ended_ = true;
  inputs_.clear();
  input_bytes_ = 0;
  taken_.notify();
  const std::string text = status_as_json_ ? to_json_text(status) : status_text(status);
  if (status_as_json_ || !text.empty()) co_await say(kErrorChannel, text);
  co_await socket_.say_goodbye();
  // A client that has what it wants closes the connection, which closing it here could forestall.
  const auto deadline = std::chrono::steady_clock::now() + kWebSocketCloseTimeout;
  while (!gone_) {
    if (!co_await left_.wait_until(deadline)) break;
  }
}

Task<void> WebSocketProcessClient::close() {
  gone_ = true;
  taken_.notify();
  socket_.cancel();
  stream_.close();
  co_await tasks_.join();
}

void WebSocketProcessClient::cancel() {
  gone_ = true;
  socket_.cancel();
  stream_.close();
  came_.notify();
  taken_.notify();
  left_.notify();
}

}  // namespace skiff::server

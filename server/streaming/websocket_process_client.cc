#include "server/streaming/websocket_process_client.h"

#include <utility>

namespace skiff::server {

namespace {

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
    : wanted_(wanted),
      status_as_json_(protocol.starts_with("v4.") || protocol.starts_with("v5.")),
      has_close_signal_(protocol.starts_with("v5.")),
      channels_(executor, stream, protocol.ends_with("base64.channel.k8s.io")),
      came_(executor),
      tasks_(executor) {}

WebSocketProcessClient::~WebSocketProcessClient() = default;

Task<bool> WebSocketProcessClient::open() {
  tasks_.spawn(read_ahead());
  co_return true;
}

Task<bool> WebSocketProcessClient::announce() {
  // An empty message on the first channel that we write. Not before the process runs: kubectl begins to read before it
  // has made its streams, drops what comes too early and says so ("Unknown stream id 1, discarding message"); a message
  // in the packet of the 101 finds it there.
  std::uint8_t channel = kErrorChannel;
  if (wanted_.output) {
    channel = kStdoutChannel;
  } else if (wanted_.errors) {
    channel = kStderrChannel;
  }
  co_return co_await channels_.write(channel, "");
}

void WebSocketProcessClient::queue(ClientInput input) {
  channels_.hold(input.bytes.size());
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

void WebSocketProcessClient::take(std::uint8_t channel, std::string bytes) {
  if (channel == kStdinChannel && wanted_.input && !input_ended_) {
    ClientInput input;
    input.bytes = std::move(bytes);
    queue(std::move(input));
  } else if (channel == kResizeChannel && wanted_.terminal) {
    size_reader_.put(bytes);
    while (const auto size = size_reader_.next()) queue_size(*size);
  } else if (channel == kCloseChannel && has_close_signal_ && bytes[0] == kStdinChannel) {
    queue_end();
  }
}

Task<void> WebSocketProcessClient::read_ahead() {
  WebSocketChannels::Take take_piece = [this](std::uint8_t channel, std::string bytes) {
    take(channel, std::move(bytes));
  };
  co_await channels_.read(std::move(take_piece));
  gone_ = true;
  came_.notify();
  if (gone_listener_) gone_listener_();
}

Task<std::optional<ClientInput>> WebSocketProcessClient::receive() {
  while (inputs_.empty() && !gone_) co_await came_.wait();
  if (gone_) co_return std::nullopt;
  std::optional<ClientInput> input(std::move(inputs_.front()));
  inputs_.pop_front();
  channels_.release(input->bytes.size());
  co_return input;
}

Task<bool> WebSocketProcessClient::send(api::ProcessStreams::Source source, std::string_view bytes) {
  const bool errors = source == api::ProcessStreams::Source::kStderr;
  const bool is_wanted = errors ? wanted_.errors : wanted_.output;
  if (!is_wanted) co_return !gone_;
  const std::uint8_t channel = errors ? kStderrChannel : kStdoutChannel;
  co_return co_await channels_.write(channel, bytes);
}

Task<void> WebSocketProcessClient::finish(const Json& status) {
  // A client whose input nobody wants any more must not be kept from hearing the outcome.
  input_ended_ = true;
  for (const ClientInput& input : inputs_) channels_.release(input.bytes.size());
  inputs_.clear();
  const std::string text = status_as_json_ ? to_json_text(status) : status_text(status);
  if (status_as_json_ || !text.empty()) co_await channels_.write(kErrorChannel, text);
  co_await channels_.say_goodbye();
}

Task<void> WebSocketProcessClient::close() {
  gone_ = true;
  channels_.close();
  co_await tasks_.join();
}

void WebSocketProcessClient::cancel() {
  gone_ = true;
  channels_.close();
  came_.notify();
}

}  // namespace skiff::server

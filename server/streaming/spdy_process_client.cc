#include "server/streaming/spdy_process_client.h"

#include <utility>

namespace skiff::server {

namespace {

// Upstream's time for a client to create its streams.
constexpr std::chrono::seconds kOpenTimeout{30};
// How long a client that has been told everything may take to close.
constexpr std::chrono::seconds kSpdyCloseTimeout{2};

}  // namespace

SpdyProcessClient::SpdyProcessClient(asio::any_io_executor executor, ByteStream& stream, WantedStreams wanted,
                                     std::string protocol)
    : stream_(stream),
      wanted_(wanted),
      status_as_json_(protocol == "v4.channel.k8s.io"),
      has_sizes_(wanted.terminal && (status_as_json_ || protocol == "v3.channel.k8s.io")),
      connection_(executor, stream, [this](const std::shared_ptr<SpdyStream>& opened) { accept(opened); }),
      changed_(executor),
      left_(executor),
      tasks_(executor) {}

SpdyProcessClient::~SpdyProcessClient() = default;

void SpdyProcessClient::accept(const std::shared_ptr<SpdyStream>& stream) {
  const std::string type = stream->header("streamtype");
  for (const auto& [name, place] :
       {std::pair("stdin", &input_), std::pair("stdout", &output_), std::pair("stderr", &errors_),
        std::pair("resize", &sizes_), std::pair("error", &outcome_)}) {
    if (type == name) *place = stream;
  }
  if (stream == input_ || stream == sizes_) {
    stream->set_listener(changed_.notifier());
  } else {
    stream->stop_reading();
  }
  changed_.notify();
}

bool SpdyProcessClient::is_complete() const {
  return outcome_ && (input_ || !wanted_.input) && (output_ || !wanted_.output) && (errors_ || !wanted_.errors) &&
         (sizes_ || !has_sizes_);
}

Task<void> SpdyProcessClient::run_connection() {
  co_await connection_.run();
  gone_ = true;
  changed_.notify();
  left_.notify();
  if (gone_listener_) gone_listener_();
}

Task<bool> SpdyProcessClient::open() {
  tasks_.spawn(run_connection());
  const auto deadline = std::chrono::steady_clock::now() + kOpenTimeout;
  while (!gone_ && !is_complete()) {
    if (!co_await changed_.wait_until(deadline)) break;
  }
  co_return !gone_ && is_complete();
}

Task<bool> SpdyProcessClient::announce() { co_return !gone_; }

Task<std::optional<ClientInput>> SpdyProcessClient::receive() {
  while (!gone_) {
    ClientInput input;
    if (sizes_) {
      while (auto bytes = sizes_->take()) size_reader_.put(*bytes);
    }
    if (const auto size = size_reader_.next()) {
      input.kind = ClientInput::Kind::kResize;
      input.size = *size;
      co_return input;
    }
    if (input_ && !input_ended_) {
      if (auto bytes = input_->take()) {
        input.bytes = std::move(*bytes);
        co_return input;
      }
      if (input_->read_ended()) {
        input_ended_ = true;
        input.kind = ClientInput::Kind::kEnd;
        co_return input;
      }
    }
    co_await changed_.wait();
  }
  co_return std::nullopt;
}

Task<bool> SpdyProcessClient::send(api::ProcessStreams::Source source, std::string_view bytes) {
  const std::shared_ptr<SpdyStream> stream = source == api::ProcessStreams::Source::kStderr ? errors_ : output_;
  // A stream that the client does not want, or has reset, is not a client that has gone.
  if (!stream || stream->was_reset()) co_return !gone_;
  co_await stream->write(bytes);
  co_return !gone_;
}

Task<void> SpdyProcessClient::finish(const Json& status) {
  // A client whose input nobody wants any more must not be kept from hearing the outcome.
  if (input_) input_->stop_reading();
  if (output_) co_await output_->write_last("");
  if (errors_) co_await errors_->write_last("");
  const std::string text = status_as_json_ ? to_json_text(status) : status_text(status);
  co_await outcome_->write_last(text);
  co_await connection_.say_goodbye();
  // A client that has what it wants closes the connection, which closing it here could forestall.
  const auto deadline = std::chrono::steady_clock::now() + kSpdyCloseTimeout;
  while (!gone_) {
    if (!co_await left_.wait_until(deadline)) break;
  }
}

Task<void> SpdyProcessClient::close() {
  connection_.cancel();
  stream_.close();
  co_await tasks_.join();
}

void SpdyProcessClient::cancel() {
  gone_ = true;
  connection_.cancel();
  stream_.close();
  changed_.notify();
  left_.notify();
}

}  // namespace skiff::server

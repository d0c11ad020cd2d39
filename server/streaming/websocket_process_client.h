#pragma once

#include "server/streaming/process_client.h"
#include "server/streaming/websocket_channels.h"

#include <deque>
#include <string>

namespace skiff::server {

// A client that sends and gets everything over the channels of one WebSocket: 0 stdin, 1 stdout, 2 stderr, 3 the
// outcome, 4 the terminal's sizes; 255, from version 5 on, with the channel that the client closes (kubectl from 1.30
// on, and the client libraries of most languages). It reads ahead of receive().
class WebSocketProcessClient final : public ProcessClient {
 public:
  // `protocol` is the negotiated "v5.channel.k8s.io" or older, or "v4.base64.channel.k8s.io"; `stream` outlives it.
  WebSocketProcessClient(asio::any_io_executor executor, ByteStream& stream, WantedStreams wanted,
                         std::string protocol);
  ~WebSocketProcessClient() override;

  void set_gone_listener(std::function<void()> listener) override { gone_listener_ = std::move(listener); }
  Task<bool> open() override;
  Task<bool> announce() override;
  Task<std::optional<ClientInput>> receive() override;
  Task<bool> send(api::ProcessStreams::Source source, std::string_view bytes) override;
  Task<void> finish(const Json& status) override;
  Task<void> close() override;
  void cancel() override;

 private:
  Task<void> read_ahead();
  void take(std::uint8_t channel, std::string bytes);
  void queue(ClientInput input);
  void queue_size(api::TerminalSize size);
  void queue_end();

  const WantedStreams wanted_;
  const bool status_as_json_;
  const bool has_close_signal_;
  WebSocketChannels channels_;
  std::deque<ClientInput> inputs_;
  bool input_ended_ = false;
  TerminalSizeReader size_reader_;
  bool gone_ = false;
  std::function<void()> gone_listener_;
  Signal came_;  // for receive()
  TaskGroup tasks_;
};

}  // namespace skiff::server

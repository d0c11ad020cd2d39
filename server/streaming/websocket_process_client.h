#pragma once

#include "server/streaming/process_client.h"
#include "server/streaming/websocket.h"

#include <deque>
#include <string>

namespace skiff::server {

// A client that sends and gets everything over one WebSocket, each message with its channel in the first byte: 0 stdin,
// 1 stdout, 2 stderr, 3 the outcome, 4 the terminal's sizes; 255, from version 5 on, with the channel that the client
// closes (kubectl from 1.30 on, and the client libraries of most languages). In the base64 protocols, for clients that
// can only send text, the channel is a digit and what follows it is in base64.
//
// It reads ahead of receive(), up to 256 KiB, and then pings the client, so that the death of one that must wait is
// noticed.
class WebSocketProcessClient final : public ProcessClient {
 public:
  // `protocol` is the negotiated "v5.channel.k8s.io" or older, or "v4.base64.channel.k8s.io"; `stream` outlives it.
  WebSocketProcessClient(asio::any_io_executor executor, ByteStream& stream, WantedStreams wanted,
                         std::string protocol);
  ~WebSocketProcessClient() override;

  void set_gone_listener(std::function<void()> listener) override { gone_listener_ = std::move(listener); }
  Task<bool> open() override;
  Task<std::optional<ClientInput>> receive() override;
  Task<bool> send(api::ProcessStreams::Source source, std::string_view bytes) override;
  Task<void> finish(const Json& status) override;
  Task<void> close() override;
  void cancel() override;

 private:
  Task<void> read_ahead();
  Task<void> wait_for_reader();
  Task<bool> say(std::uint8_t channel, std::string_view bytes);
  void take_piece(WebSocketPiece piece);
  // What the text that has come of a message stands for; a rest of less than four characters waits for more.
  std::string decoded(const std::string& text);
  void queue(ClientInput input);
  void queue_size(api::TerminalSize size);
  void queue_end();

  ByteStream& stream_;
  const WantedStreams wanted_;
  const bool status_as_json_;
  const bool has_close_signal_;
  const bool base64_;
  WebSocket socket_;
  int channel_ = -1;  // of the message that is being read; -1: its first byte has not come
  std::string undecoded_;
  std::deque<ClientInput> inputs_;
  std::size_t input_bytes_ = 0;
  bool input_ended_ = false;
  TerminalSizeReader size_reader_;
  bool gone_ = false;
  std::function<void()> gone_listener_;
  Signal came_;  // for receive()
  Signal left_;  // the client has gone: for finish()
  Signal taken_;
  TaskGroup tasks_;
};

}  // namespace skiff::server

#pragma once

#include "server/streaming/process_client.h"
#include "server/streaming/spdy_connection.h"

#include <memory>
#include <string>

namespace skiff::server {

// A client that opens a SPDY stream each for stdin, stdout, stderr, the terminal's sizes and the outcome, named by
// their "streamtype" (kubectl up to 1.29, and later ones when WebSockets do not get through).
class SpdyProcessClient final : public ProcessClient {
 public:
  // `protocol` is the negotiated "v4.channel.k8s.io" or older; `stream` outlives it.
  SpdyProcessClient(asio::any_io_executor executor, ByteStream& stream, WantedStreams wanted, std::string protocol);
  ~SpdyProcessClient() override;

  void set_gone_listener(std::function<void()> listener) override { gone_listener_ = std::move(listener); }
  Task<bool> open() override;
  Task<bool> announce() override;
  Task<std::optional<ClientInput>> receive() override;
  Task<bool> send(api::ProcessStreams::Source source, std::string_view bytes) override;
  Task<void> finish(const Json& status) override;
  Task<void> close() override;
  void cancel() override;

 private:
  Task<void> run_connection();
  void accept(const std::shared_ptr<SpdyStream>& stream);
  [[nodiscard]] bool is_complete() const;

  ByteStream& stream_;
  const WantedStreams wanted_;
  const bool status_as_json_;
  const bool has_sizes_;
  SpdyConnection connection_;
  std::shared_ptr<SpdyStream> input_;
  std::shared_ptr<SpdyStream> output_;
  std::shared_ptr<SpdyStream> errors_;
  std::shared_ptr<SpdyStream> sizes_;
  std::shared_ptr<SpdyStream> outcome_;
  TerminalSizeReader size_reader_;
  bool input_ended_ = false;
  bool gone_ = false;
  std::function<void()> gone_listener_;
  Signal changed_;  // something came, or the client has gone: for open() and then receive()
  Signal left_;     // the client has gone: for finish()
  TaskGroup tasks_;
};

}  // namespace skiff::server

#pragma once

#include "api/base/json.h"
#include "api/base/task.h"
#include "api/streams.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// Which of a process's streams its client wants (v1.PodExecOptions).
struct WantedStreams {
  bool input = false;
  bool output = false;
  bool errors = false;  // never with a terminal
  bool terminal = false;
};

// What a client says to its process.
struct ClientInput {
  enum class Kind { kBytes, kEnd, kResize };
  Kind kind = Kind::kBytes;
  std::string bytes;
  api::TerminalSize size;
};

// The client of an exec or attach, whatever protocol it speaks. One receive() and one send() may wait at the same time.
// Everything on the connection's executor.
class ProcessClient {
 public:
  virtual ~ProcessClient() = default;

  // What is called once when the client has gone, whoever waits for what. Before open().
  virtual void set_gone_listener(std::function<void()> listener) = 0;
  // Returns when the client has opened all the streams that it wants. False: it has gone, or takes too long.
  virtual Task<bool> open() = 0;
  // Tells the client that its process runs, if the protocol has a message for that. False: it has gone.
  virtual Task<bool> announce() = 0;
  // Nothing: the client has gone.
  virtual Task<std::optional<ClientInput>> receive() = 0;
  // Waits while the client does not read. False: it has gone.
  virtual Task<bool> send(api::ProcessStreams::Source source, std::string_view bytes) = 0;
  // Tells how it went, a metav1.Status, and that this was all.
  virtual Task<void> finish(const Json& status) = 0;
  // Returns when nothing of the client's is in use any more; the stream is closed by then. Always the last call.
  virtual Task<void> close() = 0;
  // The server stops: all that waits ends.
  virtual void cancel() = 0;
};

// What the oldest protocols tell of a Status: the message of a failure, nothing of a success.
[[nodiscard]] std::string status_text(const Json& status);

// Reads terminal sizes, {"Width":80,"Height":24}, which come one behind the other. What is none is passed over.
class TerminalSizeReader {
 public:
  void put(std::string_view bytes);
  [[nodiscard]] std::optional<api::TerminalSize> next();

 private:
  std::string text_;
};

}  // namespace skiff::server

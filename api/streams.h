#pragma once

#include "api/base/task.h"
#include "api/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What flows between a client and a node for longer than one call. Every class here is used on one executor only, lives
// until its owner destroys it, and keeps no more than a few pieces in memory: who does not read makes the other wait.
namespace skiff::api {

// Bytes that arrive over time (a container's log with follow).
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next piece, never empty; nothing at the end.
  virtual Task<Result<std::optional<std::string>>> next() = 0;
  // Wakes whatever waits, which then ends. From the same executor.
  virtual void cancel() = 0;
};

// Bytes both ways (a connection to a port of a pod). One next() and one write() may wait at the same time.
class DuplexStream : public ByteStream {
 public:
  // Waits until the other side took the bytes; false: it takes no more.
  virtual Task<bool> write(std::string_view bytes) = 0;
  // No more bytes will be written. What the other side has to say still arrives.
  virtual void close_write() = 0;
};

// In characters.
struct TerminalSize {
  std::uint16_t width = 0;
  std::uint16_t height = 0;
};

// The ends of a process in a container: of one that was started for a client (exec), or of the container's own
// (attach). One next() and one write() may wait at the same time. Destroying it kills a process that was started for
// it.
class ProcessStreams {
 public:
  enum class Source { kStdout, kStderr };
  struct Output {
    Source source = Source::kStdout;
    std::string bytes;  // never empty
  };

  virtual ~ProcessStreams() = default;
  // What the process writes next; nothing when it has ended and all was read. Who inherited its descriptors and lives
  // on is not waited for.
  virtual Task<std::optional<Output>> next() = 0;
  // Waits until the process has room for the bytes; false: it reads no more.
  virtual Task<bool> write(std::string_view bytes) = 0;
  // The process sees the end of its input (not on a terminal, which has none).
  virtual void close_input() = 0;
  // Nothing happens without a terminal.
  virtual void resize(TerminalSize size) = 0;
  // How it ended, 128 + signal when killed by one, once next() has returned nothing by itself. Nothing: it was let go,
  // not ended (attach).
  [[nodiscard]] virtual std::optional<int> exit_code() const = 0;
  // Wakes whatever waits, which then ends. From the same executor.
  virtual void cancel() = 0;
};

}  // namespace skiff::api

#pragma once

#include "api/base/fd.h"
#include "api/base/task.h"

#include <functional>
#include <memory>
#include <string_view>

namespace skiff::nodeagent {

// A pipe, terminal, socket or pidfd that says once when it can be read or written. It never blocks and reads nothing
// itself. Used on its executor only; destroying it closes the descriptor and forgets who waits.
class WatchedDescriptor {
 public:
  // Sets O_NONBLOCK where the kind of descriptor has it. `fd` may be none: then it is closed from the start.
  WatchedDescriptor(const asio::any_io_executor& executor, UniqueFd fd);
  ~WatchedDescriptor();
  WatchedDescriptor(const WatchedDescriptor&) = delete;
  WatchedDescriptor& operator=(const WatchedDescriptor&) = delete;

  [[nodiscard]] bool is_open() const;
  [[nodiscard]] int get() const;
  // Calls `wake` once, later, when there is something to read, or the other end has gone. Asking again while it is
  // being waited for changes nothing.
  void when_readable(std::function<void()> wake);
  void when_writable(std::function<void()> wake);
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Writes all of `bytes` in pieces of at most `piece` bytes, and waits for room in between. False when the other end
// takes no more (SIGPIPE is ignored by the process), or `cancelled` has become true: whoever sets it notifies `room`.
// The arguments outlive the call.
Task<bool> write_pieces(WatchedDescriptor& descriptor, std::string_view bytes, std::size_t piece, Signal& room,
                        const bool& cancelled);

}  // namespace skiff::nodeagent

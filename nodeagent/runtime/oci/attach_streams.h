#pragma once

#include "api/base/fd.h"
#include "api/streams.h"
#include "nodeagent/streaming/watched_descriptor.h"

#include <deque>
#include <optional>
#include <string>

namespace skiff::nodeagent::oci {

// Connected to a container's shim (helpers/shim.c): its "attach" socket, where each packet is a piece of output with a
// byte in front that says which, or a piece of input; and its "ctl" pipe, which is told the terminal's size.
struct AttachedContainer {
  UniqueFd socket;
  UniqueFd control;
};

// `bundle` is the container's directory. kUnavailable when its shim does not listen (any more). Does not block long.
[[nodiscard]] Result<AttachedContainer> open_attach(const std::string& bundle);

// Talks to a container's own process, beside others who do. It ends when the container ends.
class AttachStreams final : public api::ProcessStreams {
 public:
  AttachStreams(asio::any_io_executor executor, AttachedContainer container);

  Task<std::optional<Output>> next() override;
  Task<bool> write(std::string_view bytes) override;
  // Ends the container's stdin, too, when it was made with stdinOnce.
  void close_input() override;
  void resize(api::TerminalSize size) override;
  [[nodiscard]] std::optional<int> exit_code() const override { return std::nullopt; }
  void cancel() override;

 private:
  WatchedDescriptor socket_;
  const UniqueFd control_;
  Signal readable_;
  Signal writable_;
  bool input_closed_ = false;
  bool cancelled_ = false;
};

}  // namespace skiff::nodeagent::oci

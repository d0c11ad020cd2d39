#pragma once

#include "api/streams.h"
#include "nodeagent/process.h"
#include "nodeagent/streaming/watched_descriptor.h"

#include <optional>
#include <string>

namespace skiff::nodeagent::oci {

// A command that runs in a container, with our ends of its pipes or its terminal.
struct ExecutedProcess {
  AdoptedProcess process;
  UniqueFd input;         // none: its stdin is empty
  UniqueFd output;        // with a terminal: its other side, as `input` is
  UniqueFd error_output;  // none with a terminal
  bool terminal = false;
};

// Talks to an executed process through its descriptors. What the process writes stays in the kernel's buffers until
// next() is called, so that a process whose client does not read waits.
class ExecStreams final : public api::ProcessStreams {
 public:
  ExecStreams(asio::any_io_executor executor, ExecutedProcess process);

  Task<std::optional<Output>> next() override;
  Task<bool> write(std::string_view bytes) override;
  void close_input() override;
  void resize(api::TerminalSize size) override;
  [[nodiscard]] std::optional<int> exit_code() const override { return exit_code_; }
  void cancel() override;

 private:
  // One piece of what can be read now.
  std::optional<Output> read_now();
  std::optional<Output> read_from(WatchedDescriptor& descriptor, Source source);
  // Looks whether the process has ended.
  bool has_ended();

  AdoptedProcess process_;
  const bool terminal_;
  WatchedDescriptor end_;  // the pidfd
  WatchedDescriptor input_;
  WatchedDescriptor output_;
  WatchedDescriptor error_output_;
  Signal readable_;
  Signal writable_;
  bool errors_first_ = false;  // who is read first changes, so that neither starves
  bool cancelled_ = false;
  std::optional<int> exit_code_;
};

}  // namespace skiff::nodeagent::oci

#pragma once

#include "api/streams.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// A simulated process with simulated ends. It knows a few commands:
//   echo WORDS     says the words and a newline
//   cat            says what it is told, until its input ends
//   exit CODE      ends with the code
//   stty size      waits for the terminal's size, and says it ("24 80")
//   sleep ...      runs until it is cancelled
// Anything else ends at once with code 0.
class FakeProcess final : public api::ProcessStreams {
 public:
  FakeProcess(asio::any_io_executor executor, const std::vector<std::string>& command);

  Task<std::optional<Output>> next() override;
  Task<bool> write(std::string_view bytes) override;
  void close_input() override;
  void resize(api::TerminalSize size) override;
  [[nodiscard]] std::optional<int> exit_code() const override { return exit_code_; }
  void cancel() override;

 private:
  void say(std::string text);
  void end(int exit_code);

  std::string program_;
  std::deque<std::string> said_;
  std::optional<int> exit_code_;
  bool cancelled_ = false;
  Signal changed_;
  Signal taken_;
};

// A simulated connection: what is written comes back.
class FakeConnection final : public api::DuplexStream {
 public:
  explicit FakeConnection(asio::any_io_executor executor);

  Task<api::Result<std::optional<std::string>>> next() override;
  Task<bool> write(std::string_view bytes) override;
  void close_write() override;
  void cancel() override;

 private:
  FakeProcess echo_;
};

}  // namespace skiff::nodeagent

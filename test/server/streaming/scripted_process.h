#pragma once

#include "api/streams.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace skiff::server {

// What the test makes a process do, and what it sees of what was done to it.
struct ProcessScript {
  explicit ProcessScript(asio::any_io_executor executor) : changed(executor), room(executor) {}

  void say(std::string text, bool as_error = false) {
    using Source = api::ProcessStreams::Source;
    outputs.push_back({as_error ? Source::kStderr : Source::kStdout, std::move(text)});
    changed.notify();
  }
  void end(std::optional<int> code) {
    ended = true;
    exit_code = code;
    changed.notify();
  }

  std::deque<api::ProcessStreams::Output> outputs;
  bool ended = false;
  std::optional<int> exit_code;
  bool reads = true;  // else write() waits
  std::string written;
  bool input_closed = false;
  std::vector<std::pair<int, int>> sizes;
  bool cancelled = false;
  bool destroyed = false;
  Signal changed;
  Signal room;
};

class ScriptedProcess final : public api::ProcessStreams {
 public:
  explicit ScriptedProcess(std::shared_ptr<ProcessScript> script) : script_(std::move(script)) {}
  ~ScriptedProcess() override { script_->destroyed = true; }

  Task<std::optional<Output>> next() override {
    while (script_->outputs.empty() && !script_->ended && !script_->cancelled) co_await script_->changed.wait();
    if (script_->cancelled || script_->outputs.empty()) co_return std::nullopt;
    std::optional<Output> output(std::move(script_->outputs.front()));
    script_->outputs.pop_front();
    co_return output;
  }
  Task<bool> write(std::string_view bytes) override {
    while (!script_->reads && !script_->cancelled) co_await script_->room.wait();
    if (script_->cancelled) co_return false;
    script_->written += bytes;
    co_return true;
  }
  void close_input() override { script_->input_closed = true; }
  void resize(api::TerminalSize size) override { script_->sizes.emplace_back(size.width, size.height); }
  std::optional<int> exit_code() const override { return script_->exit_code; }
  void cancel() override {
    script_->cancelled = true;
    script_->changed.notify();
    script_->room.notify();
  }

 private:
  const std::shared_ptr<ProcessScript> script_;
};

}  // namespace skiff::server

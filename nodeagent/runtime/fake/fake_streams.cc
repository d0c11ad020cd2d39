#include "nodeagent/runtime/fake/fake_streams.h"

#include <charconv>

namespace skiff::nodeagent {

namespace {

// As much as a pipe of pieces holds before its writer waits.
constexpr std::size_t kPiecesInFlight = 4;

int number_or_zero(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

FakeProcess::FakeProcess(asio::any_io_executor executor, const std::vector<std::string>& command)
    : program_(command.empty() ? "" : command[0]), changed_(executor), taken_(executor) {
  if (program_ == "cat" || program_ == "sleep" || program_ == "stty") return;
  if (program_ == "echo") {
    std::string words;
    for (std::size_t i = 1; i < command.size(); ++i) words += (i > 1 ? " " : "") + command[i];
    say(words + "\n");
  }
  end(program_ == "exit" && command.size() > 1 ? number_or_zero(command[1]) : 0);
}

void FakeProcess::say(std::string text) {
  said_.push_back(std::move(text));
  changed_.notify();
}

void FakeProcess::end(int exit_code) {
  if (!exit_code_) exit_code_ = exit_code;
  changed_.notify();
  taken_.notify();
}

Task<std::optional<api::ProcessStreams::Output>> FakeProcess::next() {
  while (!cancelled_ && said_.empty() && !exit_code_) co_await changed_.wait();
  if (cancelled_ || said_.empty()) co_return std::nullopt;
  Output output{Source::kStdout, std::move(said_.front())};
  said_.pop_front();
  taken_.notify();
  co_return output;
}

Task<bool> FakeProcess::write(std::string_view bytes) {
  while (!cancelled_ && !exit_code_ && (program_ == "sleep" || said_.size() >= kPiecesInFlight)) co_await taken_.wait();
  if (cancelled_ || exit_code_) co_return false;
  if (program_ == "cat" && !bytes.empty()) say(std::string(bytes));
  co_return true;
}

void FakeProcess::close_input() {
  if (program_ == "cat") end(0);
}

void FakeProcess::resize(api::TerminalSize size) {
  if (program_ != "stty" || exit_code_) return;
  say(std::to_string(size.height) + " " + std::to_string(size.width) + "\r\n");
  end(0);
}

void FakeProcess::cancel() {
  cancelled_ = true;
  changed_.notify();
  taken_.notify();
}

FakeConnection::FakeConnection(asio::any_io_executor executor) : echo_(executor, {"cat"}) {}

Task<api::Result<std::optional<std::string>>> FakeConnection::next() {
  auto output = co_await echo_.next();
  std::optional<std::string> bytes;
  if (output) bytes = std::move(output->bytes);
  co_return bytes;
}

Task<bool> FakeConnection::write(std::string_view bytes) { return echo_.write(bytes); }

void FakeConnection::close_write() { echo_.close_input(); }

void FakeConnection::cancel() { echo_.cancel(); }

}  // namespace skiff::nodeagent

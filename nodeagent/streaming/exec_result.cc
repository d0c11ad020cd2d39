#include "nodeagent/streaming/exec_result.h"

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kOutputLimit = 16 * 1024;  // what is more is read and dropped

}  // namespace

Task<Result<ExecResult>> wait_for_result(api::ProcessStreams& process, std::chrono::seconds timeout) {
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  // Null once nobody waits any more: a timer that has gone off cannot be called back.
  const auto waiting = std::make_shared<api::ProcessStreams*>(&process);
  const auto late = std::make_shared<bool>(false);
  timer.async_wait([late, waiting](const boost::system::error_code& error) {
    if (error || *waiting == nullptr) return;
    *late = true;
    (*waiting)->cancel();
  });
  ExecResult result;
  for (;;) {
    const auto output = co_await process.next();
    if (!output) break;
    const std::size_t room = kOutputLimit - result.output.size();
    result.output.append(output->bytes, 0, room);
  }
  *waiting = nullptr;
  if (*late) {
    co_return Error{ErrorCode::kDeadlineExceeded, "command timed out after " + std::to_string(timeout.count()) + "s"};
  }
  result.exit_code = process.exit_code().value_or(0);
  co_return result;
}

}  // namespace skiff::nodeagent

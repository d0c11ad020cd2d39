#include "nodeagent/runtime/oci/exec_streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace skiff::nodeagent::oci {

namespace {

constexpr std::size_t kPieceBytes = 32 * 1024;

UniqueFd duplicate(const UniqueFd& fd) { return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)); }

}  // namespace

ExecStreams::ExecStreams(asio::any_io_executor executor, ExecutedProcess process)
    : process_(std::move(process.process)),
      terminal_(process.terminal),
      end_(executor, duplicate(process_.pidfd())),
      input_(executor, std::move(process.input)),
      output_(executor, std::move(process.output)),
      error_output_(executor, std::move(process.error_output)),
      readable_(executor),
      writable_(executor) {}

bool ExecStreams::has_ended() {
  if (!exit_code_) exit_code_ = process_.exit_code();
  return exit_code_.has_value();
}

std::optional<api::ProcessStreams::Output> ExecStreams::read_from(WatchedDescriptor& descriptor, Source source) {
  if (!descriptor.is_open()) return std::nullopt;
  std::string bytes(kPieceBytes, '\0');
  ssize_t count = 0;
  do {
    count = ::read(descriptor.get(), bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return std::nullopt;
  if (count <= 0) {  // a terminal whose other side is closed says EIO
    descriptor.close();
    return std::nullopt;
  }
  bytes.resize(static_cast<std::size_t>(count));
  bytes.shrink_to_fit();
  return Output{source, std::move(bytes)};
}

std::optional<api::ProcessStreams::Output> ExecStreams::read_now() {
  errors_first_ = !errors_first_;
  for (const bool errors : {errors_first_, !errors_first_}) {
    auto output = errors ? read_from(error_output_, Source::kStderr) : read_from(output_, Source::kStdout);
    if (output) return output;
  }
  return std::nullopt;
}

Task<std::optional<api::ProcessStreams::Output>> ExecStreams::next() {
  while (!cancelled_) {
    // Asked before reading: what was written before the end is then certainly read.
    const bool ended = has_ended();
    auto output = read_now();
    if (output) co_return output;
    if (ended) break;
    end_.when_readable(readable_.notifier());
    output_.when_readable(readable_.notifier());
    error_output_.when_readable(readable_.notifier());
    co_await readable_.wait();
  }
  co_return std::nullopt;
}

Task<bool> ExecStreams::write(std::string_view bytes) {
  const bool done = co_await write_pieces(input_, bytes, kPieceBytes, writable_, cancelled_);
  if (!done && !cancelled_) input_.close();
  co_return done;
}

void ExecStreams::close_input() {
  if (!terminal_) input_.close();
}

void ExecStreams::resize(api::TerminalSize size) {
  if (!terminal_ || !output_.is_open()) return;
  winsize window{};
  window.ws_row = size.height;
  window.ws_col = size.width;
  ::ioctl(output_.get(), TIOCSWINSZ, &window);
}

void ExecStreams::cancel() {
  cancelled_ = true;
  readable_.notify();
  writable_.notify();
}

}  // namespace skiff::nodeagent::oci

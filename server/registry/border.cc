#include "server/registry/border.h"

#include <boost/asio/this_coro.hpp>

#include <charconv>
#include <memory>
#include <optional>

namespace skiff::server {

namespace {

constexpr const char* kTooLate = "request did not complete within the allotted timeout";

}  // namespace

api::Status to_status(const store::Error& error) {
  switch (error.code) {
    case store::Code::kCompacted:
      return api::expired("The resourceVersion for the provided list is too old.");
    case store::Code::kFutureRevision:
      return api::timeout("Too large resource version");
    case store::Code::kNoSpace: {
      // etcd's words, which upstream passes on as they are; clients know them.
      api::Status full;
      full.message = "etcdserver: mvcc: database space exceeded";
      return full;
    }
    case store::Code::kUnavailable:
    case store::Code::kClosed:
      return api::unavailable(error.message);
    case store::Code::kCorrupt:
    case store::Code::kConflict:
      break;
  }
  return api::internal_error(error.message);
}

api::Status too_large_resource_version(store::Revision asked, store::Revision current) {
  api::Status status =
      api::timeout("Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current));
  status.causes.push_back(api::StatusCause{"ResourceVersionTooLarge", "Too large resource version", ""});
  status.retry_after_seconds = 1;
  return status;
}

api::Result<store::Revision> parse_resource_version(std::string_view text) {
  store::Revision revision = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, revision);
  if (error == std::errc() && rest == end && revision >= 0 && text.front() != '-') return revision;
  const char* what = error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  const std::string quoted = to_json_text(std::string(text));
  return api::bad_request("invalid resource version: resourceVersion: Invalid value: " + quoted +
                          ": strconv.ParseUint: parsing " + quoted + ": " + what);
}

Task<api::Result<Commit>> commit(store::Store& store, store::Write write,
                                 std::chrono::steady_clock::time_point deadline) {
  // Nothing is begun for a client that has stopped waiting.
  if (std::chrono::steady_clock::now() >= deadline) co_return api::timeout(kTooLate);
  // Shared with the writer thread, which may still need it when we have stopped waiting.
  const auto outcome = std::make_shared<std::optional<store::Result<store::RecordPtr>>>();
  const auto executor = co_await asio::this_coro::executor;
  Signal decided(executor);
  store::Store::Done done = [outcome, notify = decided.notifier()](store::Result<store::RecordPtr> result) {
    *outcome = std::move(result);
    notify();
  };
  const std::string key = write.key;
  store.write(std::move(write), std::move(done));
  if (!co_await decided.wait_until(deadline)) co_return api::timeout(kTooLate);

  store::Result<store::RecordPtr>& result = **outcome;
  Commit commit;
  commit.written = result.has_value();
  if (!commit.written && result.error().code != store::Code::kConflict) co_return to_status(result.error());
  commit.lost_companion = !commit.written && result.error().key != key;
  if (commit.written) {
    commit.record = std::move(*result);
  } else if (!commit.lost_companion) {
    commit.record = result.error().current;
  }
  co_return commit;
}

}  // namespace skiff::server

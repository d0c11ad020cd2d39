#include "server/registry/border.h"

#include "api/base/check.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <charconv>
#include <memory>

namespace skiff::server {

api::Status to_status(const store::Error& error) {
  switch (error.code) {
    case store::Code::kCompacted:
      return api::expired("The resourceVersion for the provided list is too old.");
    case store::Code::kFutureRevision:
      return api::timeout("Too large resource version");
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

Task<store::Result<store::RecordPtr>> commit(store::Store& store, store::Write write) {
  auto initiate = [&store, &write](auto handler) {
    // std::function copies, a coroutine's handler does not: share it. The work guard keeps the caller's executor
    // running until the writer thread has handed the outcome back to it.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = asio::get_associated_executor(*shared);
    auto guard = std::make_shared<asio::executor_work_guard<decltype(executor)>>(executor);
    store::Store::Done done = [shared, guard, executor](store::Result<store::RecordPtr> outcome) {
      asio::post(executor, [shared, outcome = std::move(outcome)]() mutable { (*shared)(std::move(outcome)); });
      guard->reset();
    };
    store.write(std::move(write), std::move(done));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(store::Result<store::RecordPtr>)>(
      initiate, asio::use_awaitable);
}

}  // namespace skiff::server

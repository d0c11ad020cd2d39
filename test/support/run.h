#pragma once

#include "api/base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

// Running coroutines from a test, which has no coroutine of its own.
namespace skiff::test {

// Far longer than any test takes: reached only when what is waited for never comes.
inline constexpr std::chrono::seconds kRunLimit{10};

// Runs the io_context until `done()`; throws (failing the test) when that does not happen.
inline void run_until(asio::io_context& context, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kRunLimit;
  while (!done()) {
    if (context.stopped()) context.restart();
    context.run_one_until(deadline);
    if (std::chrono::steady_clock::now() >= deadline) throw std::runtime_error("waited in vain");
  }
}

// Runs what is ready to run, without waiting for timers.
inline void run_ready(asio::io_context& context) {
  if (context.stopped()) context.restart();
  context.poll();
}

// Runs a task to its end and gives its value.
template <class T>
T run(asio::io_context& context, Task<T> task) {
  std::optional<T> value;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr exception, T result) {
    failure = exception;
    value.emplace(std::move(result));
  });
  run_until(context, [&] { return value.has_value(); });
  if (failure) std::rethrow_exception(failure);
  return std::move(*value);
}

inline void run(asio::io_context& context, Task<void> task) {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr exception) {
    failure = exception;
    done = true;
  });
  run_until(context, [&] { return done; });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace skiff::test

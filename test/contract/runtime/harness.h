#pragma once

#include "nodeagent/runtime/runtime.h"
#include "test/support/pch.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace skiff::nodeagent::testing {

// A runtime under test, with the agent's single-threaded executor around it. Each implementation brings a harness of
// its own and one TEST_CASE that calls check_runtime() with a function that makes it.
class RuntimeHarness {
 public:
  virtual ~RuntimeHarness() = default;

  [[nodiscard]] virtual Runtime& runtime() = 0;
  // The agent is killed and another one starts: a new runtime object over what the last one left.
  virtual void restart() = 0;
  // A container that runs until it is stopped, and one that ends by itself at once with this exit code.
  [[nodiscard]] virtual ContainerConfig endless_container(const std::string& name) = 0;
  [[nodiscard]] virtual ContainerConfig ending_container(const std::string& name, int exit_code) = 0;
  [[nodiscard]] virtual SandboxConfig sandbox(const std::string& pod_name) = 0;
  // Makes a container end as if its process were killed.
  virtual void kill_container(const std::string& container_id) = 0;

  [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }
  // Runs the executor until the task is done, at most 20 s.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(context_, std::move(task), [&](const std::exception_ptr& exception, T value) {
      REQUIRE_FALSE(exception);
      result.emplace(std::move(value));
    });
    run_until([&] { return result.has_value(); });
    return std::move(*result);
  }
  void run(Task<void> task) {
    bool done = false;
    asio::co_spawn(context_, std::move(task), [&](const std::exception_ptr& exception) {
      REQUIRE_FALSE(exception);
      done = true;
    });
    run_until([&] { return done; });
  }
  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto work = asio::make_work_guard(context_);
    while (!done()) {
      context_.restart();
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      // What is waited for may happen outside, such as what a container writes.
      context_.run_one_for(std::chrono::milliseconds(20));
    }
  }

 protected:
  asio::io_context context_{1};
};

using HarnessFactory = std::function<std::unique_ptr<RuntimeHarness>()>;

// The contract of nodeagent/runtime/runtime.h. To be called within a TEST_CASE; opens sections.
void check_runtime(const HarnessFactory& make);

}  // namespace skiff::nodeagent::testing

#pragma once

#include "nodeagent/probes/checks.h"

#include <map>
#include <set>
#include <string>

namespace skiff::test {

// Checks whose results a test decides upon. Each is known by the first word of its command; one that has no result yet
// hangs until it gets one.
class ScriptedChecks final : public nodeagent::Checks {
 public:
  explicit ScriptedChecks(asio::any_io_executor executor) : executor_(executor) {}

  void pass(const std::string& command) { set(command, nodeagent::CheckResult()); }
  void fail(const std::string& command, const std::string& output) {
    nodeagent::CheckResult result;
    result.verdict = nodeagent::CheckResult::Verdict::kFailed;
    result.output = output;
    result.exit_code = 1;
    set(command, std::move(result));
  }
  [[nodiscard]] int count(const std::string& command) { return counts_[command]; }

  Task<nodeagent::CheckResult> run(nodeagent::Check check, std::chrono::seconds) override {
    const std::string command = std::get<nodeagent::ExecCheck>(check).command.at(0);
    ++counts_[command];
    Signal decided(executor_);
    waiters_.insert(&decided);
    while (!stopped_ && !results_.contains(command)) co_await decided.wait();
    waiters_.erase(&decided);
    if (stopped_) co_return nodeagent::CheckResult();
    co_return results_.at(command);
  }
  void stop() override {
    stopped_ = true;
    wake();
  }

 private:
  void set(const std::string& command, nodeagent::CheckResult result) {
    results_[command] = std::move(result);
    wake();
  }
  void wake() {
    for (const Signal* waiter : waiters_) waiter->notify();
  }

  asio::any_io_executor executor_;
  std::map<std::string, nodeagent::CheckResult> results_;
  std::map<std::string, int> counts_;
  std::set<Signal*> waiters_;
  bool stopped_ = false;
};

}  // namespace skiff::test

#pragma once

#include "api/base/fd.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace skiff::nodeagent::oci {

// Waits for the end of a process through its pidfd, without a thread and without polling, and reaps it when it was
// adopted by us. Destroying the watch ends the waiting.
class ProcessWatch {
 public:
  // Calls `on_exit` once, on the executor; never from within the constructor.
  ProcessWatch(const boost::asio::any_io_executor& executor, UniqueFd pidfd, std::function<void()> on_exit);
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skiff::nodeagent::oci

#pragma once

#include "api/base/result.h"
#include "api/base/task.h"
#include "nodeagent/runtime/runtime.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

class PodFiles;

// What of one pod runs on the node, or has run.
struct PodRemains {
  std::vector<SandboxStatus> sandboxes;
  std::vector<ContainerStatus> containers;
};

// Takes pods off the node that nobody knows any more: stops their containers, and removes sandboxes and files. What
// cannot be removed is tried again until it can be, one attempt after the other per pod.
//
// Concurrency: everything on the executor given, as tasks of the group given.
// It will not: find out by itself what is an orphan.
class Orphans {
 public:
  // All must outlive it; `files` null: pods have none.
  Orphans(asio::any_io_executor executor, TaskGroup& tasks, Runtime& runtime, const PodFiles* files,
          asio::thread_pool& pool, std::chrono::milliseconds retry_delay = std::chrono::seconds(10))
      : executor_(executor), tasks_(tasks), runtime_(runtime), files_(files), pool_(pool), retry_delay_(retry_delay) {}

  void remove(std::string pod_uid, PodRemains remains);
  // Makes the tasks end soon, with what is not removed yet left as it is.
  void stop();

 private:
  Task<void> remove_until_gone(std::string pod_uid, PodRemains remains);
  Task<Result<void>> try_to_remove(std::string pod_uid, PodRemains remains);

  asio::any_io_executor executor_;
  TaskGroup& tasks_;
  Runtime& runtime_;
  const PodFiles* files_;
  asio::thread_pool& pool_;
  const std::chrono::milliseconds retry_delay_;
  std::set<const Signal*> waiting_;  // for the next attempt
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent

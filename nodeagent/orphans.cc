#include "nodeagent/orphans.h"

#include "api/base/log.h"
#include "nodeagent/first_failure.h"
#include "nodeagent/volumes/pod_files.h"

namespace skiff::nodeagent {

namespace {

// How long the containers of a pod that no longer exists may take to stop.
constexpr std::chrono::seconds kOrphanGrace{2};

}  // namespace

void Orphans::remove(std::string pod_uid, PodRemains remains) {
  spdlog::info("pod {}: nobody asks for it any more, removing {} containers", pod_uid, remains.containers.size());
  tasks_.spawn(remove_until_gone(std::move(pod_uid), std::move(remains)));
}

void Orphans::stop() {
  stopping_ = true;
  for (const Signal* waiting : waiting_) waiting->notify();
}

Task<void> Orphans::remove_until_gone(std::string pod_uid, PodRemains remains) {
  Signal stopped(executor_);
  while (!stopping_) {
    const Result<void> removed = co_await try_to_remove(pod_uid, remains);
    if (removed || stopping_) co_return;
    spdlog::warn("pod {}: remove what is left of it: {}", pod_uid, removed.error().message);
    waiting_.insert(&stopped);
    const auto next_attempt = std::chrono::steady_clock::now() + retry_delay_;
    co_await stopped.wait_until(next_attempt);
    waiting_.erase(&stopped);
  }
}

Task<Result<void>> Orphans::try_to_remove(std::string pod_uid, PodRemains remains) {
  for (const ContainerStatus& container : remains.containers) {
    if (stopping_) co_return Result<void>();
    if (container.state != ContainerState::kRunning) continue;
    // One that does not stop is killed with its sandbox.
    static_cast<void>(co_await runtime_.stop_container(container.id, kOrphanGrace));
  }
  FirstFailure failure;
  for (const SandboxStatus& sandbox : remains.sandboxes) {
    if (stopping_) co_return Result<void>();
    auto gone = co_await runtime_.stop_sandbox(sandbox.id);
    if (gone) gone = co_await runtime_.remove_sandbox(sandbox.id);
    failure.note(std::move(gone));
  }
  auto result = failure.take();
  if (!result || files_ == nullptr || stopping_) co_return result;
  auto remove = [files = files_, pod_uid] { return files->remove_pod(pod_uid); };
  co_return co_await run_blocking(pool_, std::move(remove));
}

}  // namespace skiff::nodeagent

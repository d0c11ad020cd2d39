#include "nodeagent/usage/usage_meter.h"

#include "nodeagent/usage/host_usage.h"

#include <utility>

namespace skiff::nodeagent {

namespace {

// Between two samples that are both taken for the one who asks.
constexpr std::chrono::seconds kShortWindow{1};

}  // namespace

UsageMeter::UsageMeter(Runtime& runtime, const Clock& clock, asio::any_io_executor executor, asio::thread_pool& pool,
                       bool is_simulated)
    : runtime_(runtime), clock_(clock), executor_(std::move(executor)), pool_(pool), is_simulated_(is_simulated) {}

Task<api::NodeUsage> UsageMeter::measure() {
  while (measuring_) {
    Signal measured(executor_);
    waiting_.push_back(measured.notifier());
    co_await measured.wait();
  }
  measuring_ = true;
  for (int due = history_.samples_due(clock_.now()); due > 0; --due) {
    co_await take_sample();
    if (due == 1) break;
    asio::steady_timer window(executor_, kShortWindow);
    co_await window.async_wait(asio::use_awaitable);
  }
  measuring_ = false;
  for (const auto& wake : std::exchange(waiting_, {})) wake();
  co_return history_.usage();
}

Task<void> UsageMeter::take_sample() {
  const std::vector<ContainerFigures> figures = co_await runtime_.usage();
  UsageSample sample;
  sample.time = clock_.now();
  for (const ContainerFigures& each : figures) {
    const auto container = runtime_.container_status(each.id);
    if (!container) continue;
    const auto sandbox = runtime_.sandbox_status(container->sandbox_id);
    if (!sandbox) continue;
    sample.containers[each.id] = {
        {sandbox->key.pod_namespace, sandbox->key.pod_name}, container->name, each.cpu_nanoseconds, each.memory_bytes};
    if (!is_simulated_) continue;
    sample.cpu_nanoseconds += each.cpu_nanoseconds;
    sample.memory_bytes += each.memory_bytes;
  }
  if (!is_simulated_) {
    auto read = [] { return read_host_usage(); };
    const HostUsage host = co_await run_blocking(pool_, std::move(read));
    sample.cpu_nanoseconds = host.cpu_nanoseconds;
    sample.memory_bytes = host.memory_bytes;
  }
  history_.add(std::move(sample));
}

}  // namespace skiff::nodeagent

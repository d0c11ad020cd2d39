#include "nodeagent/node_lease.h"

#include "api/base/log.h"
#include "api/client/work_queue.h"
#include "api/views/meta.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr const char* kLeaseNamespace = "kube-node-lease";
constexpr std::chrono::milliseconds kLeaseBaseDelay{200};
constexpr std::chrono::seconds kLeaseMaxDelay{7};

}  // namespace

NodeLease::NodeLease(asio::any_io_executor executor, api::Client& client, const Clock& clock, std::string node_name,
                     std::chrono::milliseconds duration)
    : client_(client),
      clock_(clock),
      node_name_(std::move(node_name)),
      duration_(duration),
      wake_(executor),
      tasks_(executor) {}

void NodeLease::start() { tasks_.spawn(run()); }

Task<void> NodeLease::stop() {
  stopping_ = true;
  wake_.notify();
  co_await tasks_.join();
}

Task<void> NodeLease::run() {
  const std::chrono::nanoseconds interval = duration_ / 4;
  unsigned failures = 0;
  while (!stopping_) {
    const auto begin = std::chrono::steady_clock::now();
    const auto renewed = co_await renew();
    std::chrono::nanoseconds delay = interval;
    if (renewed && duration_.count() == 0) co_return;
    if (renewed) {
      lease_ = *renewed;
      failures = 0;
    } else {
      // Another writer, or a server that has forgotten: the next try looks first.
      lease_ = nullptr;
      if (failures == 0 && !stopping_) spdlog::warn("lease of node {}: {}", node_name_, renewed.error().message);
      delay = api::exponential_delay(kLeaseBaseDelay, kLeaseMaxDelay, failures++);
      if (duration_.count() > 0) delay = std::min(delay, interval);
    }
    const auto next = begin + delay;
    while (!stopping_ && co_await wake_.wait_until(next)) {
    }
  }
}

void NodeLease::stamp(Json& lease) const {
  lease["spec"]["holderIdentity"] = node_name_;
  if (duration_.count() > 0) {
    lease["spec"]["leaseDurationSeconds"] =
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(duration_).count());
  }
  lease["spec"]["renewTime"] = format_micro_time(clock_.now());
}

Task<api::Result<api::ObjectPtr>> NodeLease::renew() {
  if (!lease_) {
    const api::NamespacedName name{kLeaseNamespace, node_name_};
    const auto found = co_await client_.get(api::kLeases, name);
    if (!found && found.error().reason == api::Reason::kNotFound) co_return co_await create();
    if (!found) co_return found.error();
    lease_ = *found;
  }
  Json lease = *lease_;
  stamp(lease);
  api::WriteOptions options;
  options.field_manager = "kubelet";
  co_return co_await client_.update(api::kLeases, std::move(lease), options);
}

// Goes with its Node, which must therefore exist.
Task<api::Result<api::ObjectPtr>> NodeLease::create() {
  const api::NamespacedName name{"", node_name_};
  const auto node = co_await client_.get(api::kNodes, name);
  if (!node) co_return node.error();
  Json lease = {{"apiVersion", api::kLeases.api_version()}, {"kind", api::kLeases.kind}};
  lease["metadata"] = {{"name", node_name_}, {"namespace", kLeaseNamespace}};
  const Json owner = {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node_name_}, {"uid", api::uid_of(**node)}};
  lease["metadata"]["ownerReferences"] = Json::array({owner});
  stamp(lease);
  api::WriteOptions options;
  options.field_manager = "kubelet";
  co_return co_await client_.create(api::kLeases, kLeaseNamespace, std::move(lease), options);
}

}  // namespace skiff::nodeagent

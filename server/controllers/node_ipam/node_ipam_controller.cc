#include "server/controllers/node_ipam/node_ipam_controller.h"

#include "api/views/meta.h"
#include "server/controllers/node_ipam/pod_cidr.h"

#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

std::string pod_cidr_of(const Json& node) { return string_at(node, {"spec", "podCIDR"}); }

}  // namespace

NodeIpamController::NodeIpamController(const Context& context, NodeIpamOptions options)
    : client_(context.client),
      options_(std::move(options)),
      nodes_(context.informers.informer(api::kNodes)),
      events_(context.executor, context.client, context.clock, api::EventRecorder::Source{"cidrAllocator", ""}),
      controller_(context.executor, context.queue_metrics, "cidrallocator_node", 1,
                  [this](std::string key) { return sync(std::move(key)); }) {
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& node) {
    const bool chooses_itself = options_.is_local && options_.is_local(api::name_of(*node));
    if (pod_cidr_of(*node).empty() && !chooses_itself) controller_.enqueue(api::name_of(*node));
  };
  nodes_.add_handlers(std::move(handlers));
}

void NodeIpamController::start() {
  events_.start();
  controller_.start();
}

Task<void> NodeIpamController::stop() {
  co_await controller_.stop();
  co_await events_.stop();
}

std::set<std::string> NodeIpamController::taken() {
  std::set<std::string> cidrs;
  for (const ObjectPtr& node : nodes_.cache().list()) {
    std::string cidr = pod_cidr_of(*node);
    given_.erase(cidr);
    if (!cidr.empty()) cidrs.insert(std::move(cidr));
  }
  cidrs.insert(given_.begin(), given_.end());
  return cidrs;
}

Task<api::Result<void>> NodeIpamController::sync(std::string key) {
  const ObjectPtr node = nodes_.cache().get({"", key});
  if (!node || !pod_cidr_of(*node).empty()) co_return api::Result<void>();
  const std::string cidr = next_pod_cidr(options_.cluster_cidr, taken());
  if (cidr.empty()) {
    events_.normal(*node, "CIDRNotAvailable", "Node " + key + " status is now: CIDRNotAvailable");
    co_return api::internal_error("CIDR allocation failed; there are no remaining CIDRs left to allocate");
  }
  const Json patch = {{"spec", {{"podCIDR", cidr}, {"podCIDRs", Json::array({cidr})}}}};
  const api::NamespacedName name{"", key};
  given_.insert(cidr);
  const auto written = co_await client_.patch(api::kNodes, name, api::PatchType::kMerge, patch, api::WriteOptions());
  if (written) co_return api::Result<void>();
  given_.erase(cidr);
  if (written.error().reason == api::Reason::kNotFound) co_return api::Result<void>();
  co_return written.error();
}

}  // namespace skiff::controllers

#include "server/controllers/node_ipam/node_ipam_controller.h"

#include "api/views/meta.h"

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
      cidrs_(options_.cluster_cidr),
      controller_(context.executor, context.queue_metrics, "cidrallocator_node", 1,
                  [this](std::string key) { return sync(std::move(key)); }) {
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& node) { on_node(node); };
  handlers.updated = [this](const ObjectPtr&, const ObjectPtr& node) {
    observe(api::name_of(*node), pod_cidr_of(*node));
  };
  handlers.deleted = [this](const ObjectPtr& node) {
    observe(api::name_of(*node), "");
    take_back(api::name_of(*node));
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

void NodeIpamController::on_node(const ObjectPtr& node) {
  const std::string name = api::name_of(*node);
  observe(name, pod_cidr_of(*node));
  const bool chooses_itself = options_.is_local && options_.is_local(name);
  if (pod_cidr_of(*node).empty() && !chooses_itself) controller_.enqueue(name);
}

void NodeIpamController::observe(const std::string& node, const std::string& cidr) {
  std::string& seen = seen_[node];
  if (seen != cidr) {
    cidrs_.take(cidr);
    cidrs_.release(seen);
    seen = cidr;
  }
  if (cidr.empty()) seen_.erase(node);
  const auto given = given_.find(node);
  if (given != given_.end() && given->second == cidr) take_back(node);
}

void NodeIpamController::take_back(const std::string& node) {
  const auto given = given_.find(node);
  if (given == given_.end()) return;
  cidrs_.release(given->second);
  given_.erase(given);
}

Task<api::Result<void>> NodeIpamController::sync(std::string key) {
  const ObjectPtr node = nodes_.cache().get({"", key});
  // One that was given is on its way.
  if (!node || !pod_cidr_of(*node).empty() || given_.contains(key)) co_return api::Result<void>();
  const std::string cidr = cidrs_.take_next();
  if (cidr.empty()) {
    events_.normal(*node, "CIDRNotAvailable", "Node " + key + " status is now: CIDRNotAvailable");
    co_return api::internal_error("CIDR allocation failed; there are no remaining CIDRs left to allocate");
  }
  const Json patch = {{"spec", {{"podCIDR", cidr}, {"podCIDRs", Json::array({cidr})}}}};
  const api::NamespacedName name{"", key};
  given_.emplace(key, cidr);
  const auto written = co_await client_.patch(api::kNodes, name, api::PatchType::kMerge, patch, api::WriteOptions());
  if (written) co_return api::Result<void>();
  take_back(key);
  if (written.error().reason == api::Reason::kNotFound) co_return api::Result<void>();
  co_return written.error();
}

}  // namespace skiff::controllers

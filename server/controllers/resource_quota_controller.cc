#include "server/controllers/resource_quota_controller.h"

#include "api/quota/usage.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "server/controllers/keys.h"
#include "server/controllers/write_status.h"

#include <algorithm>
#include <utility>

namespace skiff::controllers {

using api::ObjectPtr;
using api::ResourceAmounts;

namespace {

ResourceAmounts hard_of(const Json& quota, const char* part) {
  return api::resource_amounts(find(quota, {part, "hard"}));
}

bool is_enforced(const Json& quota) { return hard_of(quota, "spec") == hard_of(quota, "status"); }

Json to_json(const ResourceAmounts& amounts) {
  Json json = Json::object();
  for (const auto& [name, amount] : amounts) json[name] = amount.to_string();
  return json;
}

bool counts_any(const ResourceAmounts& hard, const api::quota::CountedKind& kind) {
  return std::any_of(hard.begin(), hard.end(), [&](const auto& each) { return api::quota::uses(kind, each.first); });
}

}  // namespace

ResourceQuotaController::ResourceQuotaController(const Context& context, std::vector<api::ResourceType> types,
                                                 std::chrono::nanoseconds resync)
    : client_(context.client),
      clock_(context.clock),
      quotas_(context.informers.informer(api::kResourceQuotas)),
      types_(std::move(types)),
      resync_(resync),
      controller_(context.executor, context.queue_metrics, "resourcequota_primary", kWorkers,
                  [this](std::string key) { return sync(std::move(key)); }) {
  api::InformerHandlers quotas;
  quotas.added = [this](const ObjectPtr& quota) { on_quota(quota); };
  // What admission counts is no news.
  quotas.updated = [this](const ObjectPtr&, const ObjectPtr& quota) {
    if (!is_enforced(*quota)) on_quota(quota);
  };
  quotas_.add_handlers(std::move(quotas));
  api::InformerHandlers pods;
  pods.updated = [this](const ObjectPtr& before, const ObjectPtr& pod) {
    if (api::is_pod_terminated(*pod)) on_pod_end(*before);
  };
  pods.deleted = [this](const ObjectPtr& last) { on_pod_end(*last); };
  context.informers.informer(api::kPods).add_handlers(std::move(pods));
}

void ResourceQuotaController::on_pod_end(const Json& last) {
  const bool counted = api::quota::usage_of({"", "pods"}, last, clock_.now()).contains("pods");
  if (counted || api::is_pod_terminated(last)) return;
  for (const ObjectPtr& quota : quotas_.cache().list(api::namespace_of(last))) on_quota(quota);
}

void ResourceQuotaController::on_quota(const ObjectPtr& quota) { controller_.enqueue(key_text(*quota)); }

Task<api::Result<void>> ResourceQuotaController::sync(std::string key) {
  // Not from the informer's copy: all that is listed below must be newer than the quota, so that nothing is missed
  // that admission has not counted either.
  const api::NamespacedName name = parse_key(key);
  const api::Result<ObjectPtr> quota = co_await client_.get(api::kResourceQuotas, name);
  if (!quota && quota.error().reason == api::Reason::kNotFound) co_return api::Result<void>();
  if (!quota) co_return quota.error();
  api::Result<Json> used = co_await count(*quota);
  if (!used) co_return used.error();

  Json status = Json::object();
  if (!used->empty()) status = {{"hard", to_json(hard_of(**quota, "spec"))}, {"used", std::move(*used)}};
  if (status == (*quota)->value("status", Json())) {
    controller_.enqueue_after(key, resync_);
    co_return api::Result<void>();
  }
  const api::Result<void> written = co_await write_status(client_, api::kResourceQuotas, *quota, std::move(status));
  if (!written) co_return written.error();
  // Once more at once: what came between the count and the first enforcement was counted by nobody.
  controller_.enqueue(key);
  co_return api::Result<void>();
}

Task<api::Result<Json>> ResourceQuotaController::count(ObjectPtr quota) {
  const ResourceAmounts hard = hard_of(*quota, "spec");
  const std::string namespace_ = api::namespace_of(*quota);
  ResourceAmounts used;
  for (const auto& [name, amount] : hard) used.emplace(name, api::Quantity());
  for (const api::ResourceType& type : types_) {
    const api::quota::CountedKind kind{type.group, type.plural};
    if (!api::quota::is_counted(kind) || !counts_any(hard, kind)) continue;
    api::ListOptions everything;
    const api::Result<api::ObjectList> list = co_await client_.list(type, namespace_, std::move(everything));
    if (!list) co_return list.error();
    for (const ObjectPtr& object : list->items) {
      if (!api::quota::matches_scopes(*quota, kind, *object)) continue;
      for (const auto& [name, amount] : api::quota::usage_of(kind, *object, clock_.now())) {
        if (const auto total = used.find(name); total != used.end()) total->second += amount;
      }
    }
  }
  co_return api::Result<Json>(boost::system::in_place_value, to_json(used));
}

}  // namespace skiff::controllers

#include "server/controllers/controller_manager.h"

#include "server/controllers/cron_job/cron_job_controller.h"
#include "server/controllers/daemon_set/daemon_set_controller.h"
#include "server/controllers/deployment/deployment_controller.h"
#include "server/controllers/disruption/disruption_controller.h"
#include "server/controllers/disruption/stale_disruption_controller.h"
#include "server/controllers/endpoints/endpoint_slice_controller.h"
#include "server/controllers/endpoints/endpoint_slice_mirroring_controller.h"
#include "server/controllers/endpoints/endpoints_controller.h"
#include "server/controllers/garbage_collector/garbage_collector.h"
#include "server/controllers/job/job_controller.h"
#include "server/controllers/namespace/namespace_controller.h"
#include "server/controllers/pod_garbage_collector.h"
#include "server/controllers/replica_set/replica_set_controller.h"
#include "server/controllers/resource_quota_controller.h"
#include "server/controllers/root_ca_publisher.h"
#include "server/controllers/service_account_controller.h"
#include "server/controllers/stateful_set/stateful_set_controller.h"
#include "server/controllers/taint_eviction/taint_eviction_controller.h"
#include "server/controllers/volumes/volume_binder.h"
#include "server/controllers/volumes/volume_protection.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace skiff::controllers {

namespace {

// Events are many, own nothing and go by themselves.
bool is_event(const api::ResourceType& type) { return type.kind == api::kEvents.kind; }

std::vector<api::ResourceType> namespaced(const std::vector<api::ResourceType>& types) {
  std::vector<api::ResourceType> found;
  std::copy_if(types.begin(), types.end(), std::back_inserter(found),
               [](const api::ResourceType& type) { return type.namespaced; });
  return found;
}

std::vector<api::ResourceType> without_events(const std::vector<api::ResourceType>& types) {
  std::vector<api::ResourceType> found;
  std::copy_if(types.begin(), types.end(), std::back_inserter(found),
               [](const api::ResourceType& type) { return !is_event(type); });
  return found;
}

}  // namespace

// Those that look at whole objects come first: the others share their informers.
struct ControllerManager::Controllers {
  std::vector<api::ResourceType> types;
  std::vector<api::ResourceType> followed = without_events(types);
  std::vector<api::ResourceType> followed_namespaced = namespaced(followed);

  DeploymentController deployment;
  ReplicaSetController replica_set;
  ReplicaSetController replication_controller;
  DaemonSetController daemon_set;
  JobController job;
  DisruptionController disruption;
  StaleDisruptionController stale_disruption;
  EndpointsController endpoints;
  EndpointSliceController endpoint_slice;
  EndpointSliceMirroringController endpoint_slice_mirroring;
  ServiceAccountController service_account;
  PodGarbageCollector pod_garbage_collector;
  NodeIpamController node_ipam;
  NodeLifecycleController node_lifecycle;
  TaintEvictionController taint_eviction;
  StatefulSetController stateful_set;
  CronJobController cron_job;
  VolumeBinder volume_binder;
  VolumeProtection volume_protection;
  ResourceQuotaController resource_quota;
  std::optional<RootCaPublisher> root_ca_publisher;
  NamespaceController namespace_controller;
  GarbageCollector garbage_collector;

  Controllers(const Context& context, ManagerOptions options)
      : types(std::move(options.types)),
        deployment(context),
        replica_set(context, kReplicaSetKind),
        replication_controller(context, kReplicationControllerKind),
        daemon_set(context),
        job(context),
        disruption(context),
        stale_disruption(context),
        endpoints(context),
        endpoint_slice(context),
        endpoint_slice_mirroring(context),
        service_account(context),
        pod_garbage_collector(context),
        node_ipam(context, std::move(options.node_ipam)),
        node_lifecycle(context, std::move(options.node_lifecycle)),
        taint_eviction(context),
        stateful_set(context),
        cron_job(context),
        volume_binder(context),
        volume_protection(context),
        resource_quota(context, followed_namespaced),
        namespace_controller(context, namespaced(types), followed_namespaced),
        garbage_collector(context, followed) {
    if (!options.ca_pem.empty()) root_ca_publisher.emplace(context, std::move(options.ca_pem));
  }

  // Calls `visit` with each controller.
  template <class Visit>
  void for_each(Visit visit) {
    visit(deployment);
    visit(replica_set);
    visit(replication_controller);
    visit(daemon_set);
    visit(job);
    visit(disruption);
    visit(stale_disruption);
    visit(endpoints);
    visit(endpoint_slice);
    visit(endpoint_slice_mirroring);
    visit(service_account);
    visit(pod_garbage_collector);
    visit(node_ipam);
    visit(node_lifecycle);
    visit(taint_eviction);
    visit(stateful_set);
    visit(cron_job);
    visit(volume_binder);
    visit(volume_protection);
    visit(resource_quota);
    if (root_ca_publisher) visit(*root_ca_publisher);
    visit(namespace_controller);
    visit(garbage_collector);
  }
};

ControllerManager::ControllerManager(const Context& context, ManagerOptions options)
    : executor_(context.executor),
      informers_(context.informers),
      controllers_(std::make_unique<Controllers>(context, std::move(options))) {}

ControllerManager::~ControllerManager() = default;

Task<bool> ControllerManager::start() {
  informers_.start();
  const bool synced = co_await informers_.wait_until_synced();
  if (!synced || stopping_) co_return false;
  started_ = true;
  controllers_->for_each([](auto& controller) { controller.start(); });
  co_return true;
}

Task<void> ControllerManager::stop() {
  stopping_ = true;
  if (started_) {
    TaskGroup stopping(executor_);
    controllers_->for_each([&stopping](auto& controller) { stopping.spawn(controller.stop()); });
    co_await stopping.join();
  }
  co_await informers_.stop();
}

}  // namespace skiff::controllers

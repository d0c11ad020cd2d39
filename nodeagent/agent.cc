#include "nodeagent/agent.h"

#include "api/base/log.h"
#include "api/views/static_pods.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/probes/node_checks.h"
#include "nodeagent/streaming/log_target.h"

namespace skiff::nodeagent {

namespace {

HostFacts host_facts(const AgentOptions& options) {
  HostFacts facts;
  if (options.host) {
    facts = *options.host;
  } else {
    facts = read_host_facts(options.data_directory.empty() ? "/" : options.data_directory);
  }
  facts.capacity.pods = options.max_pods;
  if (options.capacity) facts.capacity = *options.capacity;
  return facts;
}

NodeDescription describe_node(const AgentOptions& options, const Runtime& runtime, const HostFacts& host) {
  NodeDescription description;
  description.name = options.node_name;
  description.internal_ip = options.internal_ip;
  description.pod_cidr = options.pod_cidr;
  description.kubelet_version = options.kubelet_version;
  description.container_runtime = runtime.name() + "://" + runtime.version();
  description.labels = options.node_labels;
  description.presence = options.presence;
  description.host = host;
  description.announced = options.announced;
  return description;
}

std::unique_ptr<PodFiles> make_files(const AgentOptions& options, const HostFacts& host) {
  if (options.data_directory.empty()) return nullptr;
  PodFiles::Options files;
  files.root = options.data_directory;
  files.cluster_dns = options.cluster_dns;
  files.cluster_domain = options.cluster_domain;
  files.host_ip = options.internal_ip;
  files.capacity = host.capacity;
  return std::make_unique<PodFiles>(std::move(files));
}

std::unique_ptr<api::EventRecorder> make_recorder(const AgentOptions& options, asio::any_io_executor executor,
                                                  api::Client& client, const Clock& clock) {
  if (!options.record_events) return nullptr;
  return std::make_unique<api::EventRecorder>(executor, client, clock,
                                              api::EventRecorder::Source{"kubelet", options.node_name});
}

}  // namespace

NodeAgent::NodeAgent(api::Client& client, Runtime& runtime, ImageStore& images, const Clock& clock,
                     asio::any_io_executor executor, asio::thread_pool& pool, AgentOptions options)
    : client_(client),
      runtime_(runtime),
      images_(images),
      clock_(clock),
      executor_(executor),
      pool_(pool),
      options_(std::move(options)),
      host_(host_facts(options_)),
      recorder_(make_recorder(options_, executor, client, clock)),
      events_(recorder_.get()),
      files_(make_files(options_, host_)),
      checks_(files_ ? std::make_unique<NodeChecks>(runtime, executor) : nullptr),
      configs_(executor, client, [this](const std::string& uid) { configs_changed(uid); }),
      tokens_(executor, client, clock, [this](const std::string& uid) { configs_changed(uid); }),
      pulls_(images, executor, options_.pull_pool != nullptr ? *options_.pull_pool : pool),
      meter_(runtime, clock, executor, pool, options_.data_directory.empty()),
      tasks_(executor),
      orphans_(executor, tasks_, runtime, files_.get(), pool),
      context_{client,
               runtime,
               images,
               pulls_,
               clock,
               events_,
               configs_,
               tokens_,
               files_.get(),
               options_.checks != nullptr ? options_.checks : checks_.get(),
               executor,
               tasks_,
               [this](const std::string& uid) { wake_pod(uid); },
               pool,
               NodeFacts{options_.internal_ip, runtime.name()},
               host_.capacity,
               options_.pod_max_pids,
               options_.restart_back_off,
               options_.pull_back_off,
               [this](const api::ObjectPtr& pod) { mirrors().pod_changed(pod); },
               options_.metrics} {}

NodeAgent::~NodeAgent() = default;

void NodeAgent::configs_changed(const std::string& uid) {
  const auto worker = workers_.find(uid);
  if (worker == workers_.end()) return;
  worker->second->configs_changed();
  wake(worker->second);
}

Task<Result<void>> NodeAgent::start() {
  runtime_.set_exit_listener([this](const SandboxKey& pod, const std::string& id) { container_exited(pod, id); });
  auto recovered = co_await runtime_.recover();
  if (!recovered) co_return recovered.error().wrap("recover what runs on the node");
  group_by_pod(std::move(*recovered));
  if (recorder_) recorder_->start();
  // They need no server, so they do not wait for one.
  co_await start_static_pods();
  if (options_.register_node) {
    registration_ = std::make_unique<NodeRegistration>(executor_, client_, clock_, recorder_.get(),
                                                       describe_node(options_, runtime_, host_));
  }
  co_await start_image_collection();
  co_await start_pressure_watch();
  if (registration_) co_await registration_->start();
  if (options_.watch_pods) follow_pods();
  co_return Result<void>();
}

Task<void> NodeAgent::stop() {
  stopping_ = true;
  if (static_pods_) co_await static_pods_->stop();
  if (pressure_watch_) co_await pressure_watch_->stop();
  if (image_collector_) co_await image_collector_->stop();
  if (registration_) co_await registration_->stop();
  if (informer_) co_await informer_->stop();
  for (const auto& [uid, worker] : workers_) worker->stop();
  orphans_.stop();
  if (context_.checks != nullptr) context_.checks->stop();
  for (const auto& [id, end] : log_ends_) {
    if (const auto follower = end.lock()) follower->announce();
  }
  co_await configs_.stop();
  tokens_.stop();
  co_await runtime_.detach();
  co_await tasks_.join();
  co_await pulls_.stop();
  if (mirrors_) co_await mirrors_->stop();
  if (recorder_) co_await recorder_->stop();
  workers_.clear();
}

void NodeAgent::container_exited(const SandboxKey& pod, const std::string& id) {
  if (const auto followed = log_ends_.find(id); followed != log_ends_.end()) {
    if (const auto end = followed->second.lock()) end->announce();
    log_ends_.erase(followed);
  }
  wake_pod(pod.pod_uid);
}

void NodeAgent::group_by_pod(RuntimeSnapshot snapshot) {
  std::unordered_map<std::string, std::string> uid_of_sandbox;
  for (SandboxStatus& sandbox : snapshot.sandboxes) {
    uid_of_sandbox[sandbox.id] = sandbox.key.pod_uid;
    const std::string uid = sandbox.key.pod_uid;
    found_[uid].sandboxes.push_back(std::move(sandbox));
  }
  for (ContainerStatus& container : snapshot.containers) {
    const auto uid = uid_of_sandbox.find(container.sandbox_id);
    if (uid != uid_of_sandbox.end()) found_[uid->second].containers.push_back(std::move(container));
  }
}

void NodeAgent::follow_pods() {
  api::InformerOptions options;
  options.field_selector = "spec.nodeName=" + options_.node_name;
  informer_ = std::make_unique<api::Informer>(executor_, client_, api::kPods, options);
  api::InformerHandlers handlers;
  handlers.added = [this](const api::ObjectPtr& pod) { pod_changed(pod); };
  handlers.updated = [this](const api::ObjectPtr&, const api::ObjectPtr& pod) { pod_changed(pod); };
  handlers.deleted = [this](const api::ObjectPtr& last) { pod_deleted(last); };
  informer_->add_handlers(std::move(handlers));
  informer_->start();
  tasks_.spawn(wait_for_pods());
}

Task<void> NodeAgent::wait_for_pods() {
  const bool synced = co_await informer_->wait_until_synced();
  if (synced && !stopping_) pods_synced();
}

void NodeAgent::pod_changed(const api::ObjectPtr& pod) {
  if (stopping_) return;
  if (api::is_mirror_pod(*pod)) return mirror_changed(pod);
  const auto known = workers_.find(api::uid_of(*pod));
  if (known == workers_.end()) return begin_pod(pod, PodOrigin::kApi);
  if (known->second->set_pod(pod)) wake(known->second);
}

void NodeAgent::begin_pod(const api::ObjectPtr& pod, PodOrigin origin) {
  const std::string uid = api::uid_of(*pod);
  auto worker = std::make_shared<PodWorker>(context_, pod, origin);
  if (const auto found = found_.find(uid); found != found_.end()) {
    spdlog::info("pod {}: adopted {} containers", describe_pod(*pod), found->second.containers.size());
    worker->adopt(found->second.sandboxes, found->second.containers);
    found_.erase(found);
  } else if (origin == PodOrigin::kApi) {
    admit(*worker);
  }
  workers_.emplace(uid, worker);
  wake(worker);
  if (pressure_watch_) pressure_watch_->pod_came();
}

void NodeAgent::pod_deleted(const api::ObjectPtr& last) {
  if (api::is_mirror_pod(*last)) {
    if (!stopping_) mirrors().mirror_deleted(last);
    return;
  }
  const auto known = workers_.find(api::uid_of(*last));
  if (known == workers_.end() || stopping_) return;
  static_cast<void>(known->second->set_pod(last));
  known->second->set_gone();
  wake(known->second);
}

void NodeAgent::pods_synced() {
  api_pods_known_ = true;
  pods_of_a_source_known();
}

void NodeAgent::pods_of_a_source_known() {
  if (!all_pods_known()) return;
  if (image_collector_) image_collector_->look();
  std::unordered_map<std::string, PodRemains> orphans = std::move(found_);
  found_.clear();
  if (files_) {
    for (const std::string& uid : files_->pods()) {
      if (!workers_.contains(uid)) orphans.try_emplace(uid);
    }
  }
  for (auto& [uid, remains] : orphans) orphans_.remove(uid, std::move(remains));
}

void NodeAgent::wake_pod(const std::string& uid) {
  if (const auto worker = workers_.find(uid); worker != workers_.end()) wake(worker->second);
}

void NodeAgent::wake(const std::shared_ptr<PodWorker>& worker) {
  if (stopping_ || !worker->wake()) return;
  if (options_.turns == nullptr) return tasks_.spawn(drive(worker, {}));
  const auto begin = [this, worker](Turns::Turn turn) {
    if (!stopping_) tasks_.spawn(drive(worker, std::move(turn)));
  };
  if (!options_.turns->take(begin)) worker->rest();
}

Task<void> NodeAgent::drive(std::shared_ptr<PodWorker> worker, Turns::Turn turn) {
  co_await worker->run(std::move(turn));
  if (!worker->is_done()) co_return;
  workers_.erase(api::uid_of(*worker->pod()));
  if (image_collector_) image_collector_->look();
  if (worker->origin() == PodOrigin::kStatic) static_pod_ended(worker->pod());
}

void NodeAgent::warn(std::string reason, std::string message) {
  if (!recorder_) return;
  api::Happening happening = about_node(options_.node_name, std::move(reason), std::move(message));
  happening.type = api::EventType::kWarning;
  recorder_->record(std::move(happening));
}

std::shared_ptr<const PodWorker> NodeAgent::find_pod(const api::NamespacedName& name) const {
  std::shared_ptr<const PodWorker> newest;
  for (const auto& [uid, worker] : workers_) {
    if (worker->name() != name) continue;
    // A pod and its successor of the same name may be here at once; the one that is not ending counts.
    if (!newest || api::is_terminating(*newest->pod())) newest = worker;
  }
  return newest;
}

Task<api::Result<LogStreamOptions>> NodeAgent::prepare_log(api::NamespacedName name, api::LogOptions options) {
  const auto worker = find_pod(name);
  if (!worker) co_return api::not_found("", "pods", name.name);
  const auto target = find_log_target(*worker->pod(), worker->state(), options.container, options.previous);
  if (!target) co_return target.error();

  LogStreamOptions stream;
  if (files_) stream.path = files_->log_path(api::uid_of(*worker->pod()), target->container, target->attempt);
  stream.format.timestamps = options.timestamps;
  stream.format.limit_bytes = options.limit_bytes;
  stream.format.since = parse_time(options.since_time);
  if (options.since_seconds) stream.format.since = clock_.now() - std::chrono::seconds(*options.since_seconds);
  stream.tail_lines = options.tail_lines;
  stream.follow = options.follow && target->running && !stopping_;
  if (stream.follow) {
    std::weak_ptr<LogEnd>& shared = log_ends_[target->container_id];
    stream.end = shared.lock();
    if (!stream.end) shared = stream.end = std::make_shared<LogEnd>();
  }
  co_return stream;
}

Task<api::Result<std::unique_ptr<api::ByteStream>>> NodeAgent::logs(api::NamespacedName pod, api::LogOptions options) {
  auto preparation = prepare_log(std::move(pod), std::move(options));
  auto prepared = co_await asio::co_spawn(executor_, std::move(preparation), asio::use_awaitable);
  if (!prepared) co_return prepared.error();
  std::unique_ptr<api::ByteStream> stream = std::make_unique<LogStream>(pool_, std::move(*prepared));
  co_return stream;
}

}  // namespace skiff::nodeagent

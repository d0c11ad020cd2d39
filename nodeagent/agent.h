#pragma once

#include "api/client.h"
#include "api/client/event_recorder.h"
#include "api/client/informer.h"
#include "api/node_service.h"
#include "nodeagent/images/image_collector.h"
#include "nodeagent/metrics/agent_metrics.h"
#include "nodeagent/node_registration.h"
#include "nodeagent/orphans.h"
#include "nodeagent/pods/config_objects.h"
#include "nodeagent/pods/pod_tokens.h"
#include "nodeagent/pods/pod_worker.h"
#include "nodeagent/pressure/pressure_watch.h"
#include "nodeagent/probes/checks.h"
#include "nodeagent/runtime/runtime.h"
#include "nodeagent/static_pods/mirror_pods.h"
#include "nodeagent/static_pods/static_pods.h"
#include "nodeagent/streaming/log_stream.h"
#include "nodeagent/usage/usage_meter.h"
#include "nodeagent/volumes/pod_files.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace skiff::nodeagent {

struct AgentOptions {
  std::string node_name;
  // Where pods' files lie (absolute). Empty: a simulated node, which keeps nothing on disk.
  std::string data_directory;
  std::string internal_ip;
  std::string pod_cidr;
  std::map<std::string, std::string> node_labels;
  std::string kubelet_version = "v1.32.0";
  std::int64_t max_pods = 110;
  std::int64_t pod_max_pids = 0;         // processes of a pod; 0: any number
  std::optional<HostFacts> host;         // instead of asking the machine
  std::optional<NodeCapacity> capacity;  // instead of the machine's (max_pods then does not count)
  std::string cluster_dns;
  std::string cluster_domain = "cluster.local";
  bool register_node = true;
  NodePresence presence;
  bool record_events = true;
  bool announced = true;  // false: no events about the start of the node (thousands of simulated ones)
  // Where the agent's work is counted and timed; must outlive the agent. Null: nowhere (simulated nodes).
  AgentMetrics* metrics = nullptr;
  // Instead of real probes and hooks, for tests; must outlive the agent. A simulated node has none.
  Checks* checks = nullptr;
  // False: no watch of its own; the owner calls pod_changed(), pod_deleted() and pods_synced() (many nodes in one
  // process).
  bool watch_pods = true;
  BackOffPolicy restart_back_off;
  BackOffPolicy pull_back_off;
  // How many pods are worked on at a time, with other agents on the same thread; must outlive the agent. Null: all.
  Turns* turns = nullptr;
  // Where images are fetched, for minutes perhaps; must outlive the agent. Null: where everything else blocks.
  asio::thread_pool* pull_pool = nullptr;
  // None: images are neither told of nor collected (simulated nodes).
  std::optional<ImageCollector::Options> images;
  // None: nobody looks what the node runs low on (simulated nodes).
  std::optional<PressureWatch::Options> pressure;
  StaticPodOptions static_pods;
};

// The kubelet of skiff: makes the pods that are bound to its node run, and tells the API how they are.
//
// Operation: start() first finds out what an earlier agent left running and adopts it, then starts the node's static
// pods, registers the Node and follows the pods of the API. Each pod has a PodWorker. What runs of pods that neither
// the API nor a manifest knows (any more) is stopped once both have been heard. Concurrency: everything on the executor
// given, which has one thread. What blocks runs on the pool. It will not: stop containers because it stops, or act on
// pods of other nodes.
class NodeAgent final : public api::NodeService {
 public:
  // All must outlive the agent.
  NodeAgent(api::Client& client, Runtime& runtime, ImageStore& images, const Clock& clock,
            asio::any_io_executor executor, asio::thread_pool& pool, AgentOptions options);
  ~NodeAgent() override;

  // Errors: the runtime could not be recovered. A Node that cannot be registered is tried again in the background.
  Task<Result<void>> start();
  // Detaches: containers live on, and the next agent finds them.
  Task<void> stop();

  // The pods of this node, as their source tells. Only with options.watch_pods == false.
  void pod_changed(const api::ObjectPtr& pod);
  void pod_deleted(const api::ObjectPtr& last);
  void pods_synced();

  // Thread-safe; the stream belongs to the caller's executor.
  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override;
  Task<api::Result<api::StartProcess>> exec(api::NamespacedName pod, api::ExecOptions options) override;
  Task<api::Result<api::StartProcess>> attach(api::NamespacedName pod, api::ExecOptions options) override;
  Task<api::Result<api::OpenPort>> port_forward(api::NamespacedName pod) override;
  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override;
  Task<api::Result<std::string>> metrics(std::string node_name) override;

  [[nodiscard]] std::size_t pods() const { return workers_.size(); }
  // The worker of the pod of that name, or null.
  [[nodiscard]] std::shared_ptr<const PodWorker> find_pod(const api::NamespacedName& name) const;
  [[nodiscard]] const AgentOptions& options() const { return options_; }

 private:
  void group_by_pod(RuntimeSnapshot snapshot);
  void follow_pods();
  Task<void> wait_for_pods();
  Task<void> drive(std::shared_ptr<PodWorker> worker, Turns::Turn turn);
  void wake_pod(const std::string& uid);
  void wake(const std::shared_ptr<PodWorker>& worker);
  void configs_changed(const std::string& uid);
  void begin_pod(const api::ObjectPtr& pod, PodOrigin origin);
  void pods_of_a_source_known();

  // Static pods (agent_static_pods.cc).
  Task<void> start_static_pods();
  void start_static_pod(const api::ObjectPtr& pod);
  void end_static_pod(const api::ObjectPtr& pod);
  void static_pod_ended(const api::ObjectPtr& pod);
  void mirror_changed(const api::ObjectPtr& mirror);
  MirrorPods& mirrors();

  // Images (agent_images.cc).
  Task<void> start_image_collection();
  [[nodiscard]] std::optional<ImageNames> images_in_use() const;

  [[nodiscard]] bool all_pods_known() const { return api_pods_known_ && static_pods_known_; }
  // An event about the node.
  void warn(std::string reason, std::string message);

  // What the node runs low on (agent_pressure.cc).
  Task<void> start_pressure_watch();
  Task<void> remove_unused_images();
  Task<std::vector<PodUse>> find_eviction_candidates(EvictionSignal signal);
  void evict(const std::string& uid, std::string message);
  void admit(PodWorker& worker);

  void container_exited(const SandboxKey& pod, const std::string& id);
  Task<api::Result<LogStreamOptions>> prepare_log(api::NamespacedName pod, api::LogOptions options);

  // The id of the container, or of the pod's sandbox.
  Task<api::Result<std::string>> find_running_container(api::NamespacedName pod, std::string container);
  Task<api::Result<std::string>> find_ready_sandbox(api::NamespacedName pod);
  // On the caller's executor, which the streams then belong to.
  Task<api::Result<std::unique_ptr<api::ProcessStreams>>> start_exec(std::string container_id, ExecConfig config);
  Task<api::Result<std::unique_ptr<api::ProcessStreams>>> start_attach(std::string container_id);
  Task<std::string> write_metrics();
  Task<api::Result<std::unique_ptr<api::DuplexStream>>> connect_port(std::string sandbox_id, std::uint16_t port);

  api::Client& client_;
  Runtime& runtime_;
  ImageStore& images_;
  const Clock& clock_;
  asio::any_io_executor executor_;
  asio::thread_pool& pool_;
  AgentOptions options_;
  HostFacts host_;
  std::unique_ptr<api::EventRecorder> recorder_;  // null: no events
  PodEvents events_;
  std::unique_ptr<PodFiles> files_;  // null on a simulated node
  std::unique_ptr<Checks> checks_;   // null on a simulated node
  ConfigObjects configs_;
  PodTokens tokens_;
  ImagePulls pulls_;
  UsageMeter meter_;
  TaskGroup tasks_;
  Orphans orphans_;
  PodContext context_;
  std::unique_ptr<PressureWatch> pressure_watch_;    // null on a simulated node
  std::unique_ptr<NodeRegistration> registration_;   // null: somebody else's business
  std::unique_ptr<ImageCollector> image_collector_;  // null on a simulated node
  std::unique_ptr<api::Informer> informer_;
  std::unique_ptr<StaticPods> static_pods_;  // null: no manifests
  std::unique_ptr<MirrorPods> mirrors_;      // null until there is a static pod, or a mirror
  std::unordered_map<std::string, std::shared_ptr<PodWorker>> workers_;  // by pod uid
  std::unordered_map<std::string, PodRemains> found_;                    // left by an earlier agent, not adopted yet
  std::unordered_map<std::string, std::weak_ptr<LogEnd>> log_ends_;      // of followed containers, by id
  bool api_pods_known_ = false;
  bool static_pods_known_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent

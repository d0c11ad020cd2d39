// What a write and a read cost in the registry alone, without HTTP and without a disk: microseconds of CPU for each, of
// all threads, one at a time, over a store in memory.
//
//   ninja -C build/release run_bench_registry
#include "test/server/registry/cluster.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

namespace skiff::test {
namespace {

constexpr int kDefaultPods = 5000;
constexpr int kLists = 200;
constexpr std::size_t kListedPods = 500;

// A pod as a ReplicaSet makes it.
Json replica(const std::string& name) {
  Json object = parse_json(R"({"metadata": {"name": "", "generateName": "web-5d8f7c9b6d-",
    "labels": {"app": "web", "pod-template-hash": "5d8f7c9b6d"},
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8f7c9b6d",
      "uid": "2c9a7d0e-0c51-4b6f-8a52-1f3a6d1c9f10", "controller": true, "blockOwnerDeletion": true}]},
    "spec": {"containers": [{"name": "web", "image": "nginx:1.25",
      "ports": [{"containerPort": 80, "name": "http"}],
      "env": [{"name": "MODE", "value": "production"}],
      "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
      "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}]}],
      "volumes": [{"name": "config", "configMap": {"name": "web"}}]}})")
                    ->value;
  object["metadata"]["name"] = name;
  return object;
}

// What a node says of a pod that has begun to run, as the patch that its agent sends.
Json running() {
  return parse_json(R"({"status": {"phase": "Running", "hostIP": "10.0.0.1", "podIP": "10.244.0.7",
    "podIPs": [{"ip": "10.244.0.7"}], "startTime": "2026-11-22T10:00:01Z",
    "conditions": [
      {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-11-22T10:00:01Z"},
      {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-22T10:00:02Z"},
      {"type": "ContainersReady", "status": "True", "lastTransitionTime": "2026-11-22T10:00:02Z"}],
    "containerStatuses": [{"name": "web", "image": "nginx:1.25", "imageID": "sha256:1", "ready": true,
      "restartCount": 0, "started": true, "containerID": "skiff://1",
      "state": {"running": {"startedAt": "2026-11-22T10:00:02Z"}}}]}})")
      ->value;
}

void report(const char* what, int times, const std::function<void(int)>& operation) {
  const std::clock_t begin = std::clock();
  for (int i = 0; i < times; ++i) operation(i);
  const double microseconds = static_cast<double>(std::clock() - begin) * 1e6 / CLOCKS_PER_SEC;
  std::printf("%-40s %10.1f us\n", what, microseconds / times);
}

template <class T>
void expect(const api::Result<T>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

int benchmark(int pods) {
  Cluster cluster;
  const auto name = [](int i) { return "web-5d8f7c9b6d-" + std::to_string(i); };
  const server::ServedKind kind = cluster.kind(api::kPods);

  cluster.context.field_manager = "kube-controller-manager";
  report("create a pod", pods, [&](int i) { expect(cluster.create_record(api::kPods, replica(name(i)))); });

  cluster.context.field_manager = "kube-scheduler";
  report("bind a pod", pods, [&](int i) {
    Json binding{{"metadata", {{"name", name(i)}}}, {"target", {{"kind", "Node"}, {"name", "node-1"}}}};
    expect(run(cluster.io, cluster.registry.bind(cluster.context, {"default", name(i)}, std::move(binding))));
  });

  cluster.context.field_manager = "kubelet";
  report("patch the status of a pod", pods, [&](int i) {
    expect(run(cluster.io, cluster.registry.patch(cluster.context, kind, {"default", name(i)}, "status",
                                                  api::PatchType::kStrategicMerge, running(), cluster.params)));
  });

  server::ListParams params;
  params.limit = kListedPods;
  report("list 500 pods", kLists, [&](int) { expect(cluster.registry.list(kind, "default", params)); });
  report("parse a pod for components", pods, [&](int i) {
    const auto record = cluster.registry.get(kind, {"default", name(i)});
    expect(record);
    expect(cluster.registry.object(kind, *record));
  });
  return 0;
}

}  // namespace
}  // namespace skiff::test

int main(int argc, char** argv) {
  const int pods = argc > 1 ? std::atoi(argv[1]) : skiff::test::kDefaultPods;
  return skiff::test::benchmark(pods > 0 ? pods : skiff::test::kDefaultPods);
}

#pragma once

#include <string>
#include <string_view>

namespace skiff::api {

// Which collection an operation addresses, as a client names it. A plain constant; what the server knows about the kind
// beyond that is server/registry/kind.h.
struct ResourceType {
  std::string_view group;    // "" for core
  std::string_view version;  // "v1"
  std::string_view plural;   // "deployments"
  std::string_view kind;     // "Deployment"
  bool namespaced = true;

  [[nodiscard]] std::string api_version() const;  // "apps/v1", "v1"
  friend bool operator==(const ResourceType&, const ResourceType&) = default;
};

inline constexpr ResourceType kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr ResourceType kNodes{"", "v1", "nodes", "Node", false};
inline constexpr ResourceType kPods{"", "v1", "pods", "Pod"};
inline constexpr ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline constexpr ResourceType kSecrets{"", "v1", "secrets", "Secret"};
inline constexpr ResourceType kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount"};
inline constexpr ResourceType kEvents{"", "v1", "events", "Event"};
inline constexpr ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr ResourceType kDeployments{"apps", "v1", "deployments", "Deployment"};
inline constexpr ResourceType kReplicaSets{"apps", "v1", "replicasets", "ReplicaSet"};
inline constexpr ResourceType kReplicationControllers{"", "v1", "replicationcontrollers", "ReplicationController"};
inline constexpr ResourceType kDaemonSets{"apps", "v1", "daemonsets", "DaemonSet"};
inline constexpr ResourceType kControllerRevisions{"apps", "v1", "controllerrevisions", "ControllerRevision"};
inline constexpr ResourceType kStatefulSets{"apps", "v1", "statefulsets", "StatefulSet"};
inline constexpr ResourceType kJobs{"batch", "v1", "jobs", "Job"};
inline constexpr ResourceType kCronJobs{"batch", "v1", "cronjobs", "CronJob"};
inline constexpr ResourceType kPersistentVolumes{"", "v1", "persistentvolumes", "PersistentVolume", false};
inline constexpr ResourceType kPersistentVolumeClaims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"};
inline constexpr ResourceType kStorageClasses{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};
inline constexpr ResourceType kIngresses{"networking.k8s.io", "v1", "ingresses", "Ingress"};
inline constexpr ResourceType kIngressClasses{"networking.k8s.io", "v1", "ingressclasses", "IngressClass", false};
inline constexpr ResourceType kNetworkPolicies{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"};
inline constexpr ResourceType kServices{"", "v1", "services", "Service"};
inline constexpr ResourceType kEndpoints{"", "v1", "endpoints", "Endpoints"};
inline constexpr ResourceType kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"};
inline constexpr ResourceType kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"};
inline constexpr ResourceType kLimitRanges{"", "v1", "limitranges", "LimitRange"};
inline constexpr ResourceType kPriorityClasses{"scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false};
inline constexpr ResourceType kResourceQuotas{"", "v1", "resourcequotas", "ResourceQuota"};

// An object's place within its collection. `namespace_` is empty for cluster-scoped objects.
struct NamespacedName {
  std::string namespace_;
  std::string name;

  // "namespace/name", or "name" for cluster-scoped objects: the form in logs and work queues.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const NamespacedName&, const NamespacedName&) = default;
  friend auto operator<=>(const NamespacedName&, const NamespacedName&) = default;
};

}  // namespace skiff::api

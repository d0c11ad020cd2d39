#pragma once

#include "api/base/json.h"
#include "api/resource.h"
#include "api/status.h"
#include "server/registry/kind.h"
#include "store/store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skiff::server {

class Registry;

// A write on its way into the registry, as admission sees it. Objects are in the storage version with their defaults.
struct AdmissionRequest {
  enum class Operation { kCreate, kUpdate, kDelete };
  Operation operation = Operation::kCreate;
  const Kind& kind;
  std::string subresource;   // "" for the object itself
  api::NamespacedName name;  // name is empty on a create with generateName
  const CallContext& context;
  const Json* old_object = nullptr;  // on update and delete
};

// A change as it is about to be committed, whichever verb makes it.
struct RecordChange {
  const Kind& kind;
  const api::NamespacedName& name;
  const store::Record* old_record = nullptr;  // null: the object is new
  const Json* object = nullptr;               // null: it goes
};

// One rule about writes that looks beyond the object itself. Upstream's admission plugin. Stateless and thread-safe;
// synchronous, since all it can wait for is a read of the registry, which does not wait. Plugins run in the order of
// default_admission(): first every mutate(), then, after validation, every check(), and at last, for every
// change that is committed, every charge().
class AdmissionPlugin {
 public:
  virtual ~AdmissionPlugin() = default;

  // Refuses the write, or completes `object`, which is null for a deletion.
  [[nodiscard]] virtual api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                                 const Registry& registry) const;
  // Refuses the write in its final form.
  [[nodiscard]] virtual api::Result<void> check(const AdmissionRequest& request, const Json* object,
                                                const Registry& registry) const;
  // Adds what the change costs or frees elsewhere (a quota's use): writes to other records, which are committed
  // together with it or not at all, so that nothing has to be given back when it fails. Asked again when one of those
  // records has changed meanwhile; of a dry run only a refusal counts.
  [[nodiscard]] virtual api::Result<void> charge(const RecordChange& change, const Registry& registry,
                                                 std::vector<store::Write>& charges) const;
};

using AdmissionChain = std::vector<std::unique_ptr<const AdmissionPlugin>>;

struct AdmissionOptions {
  std::int64_t default_not_ready_toleration_seconds = 300;
  std::int64_t default_unreachable_toleration_seconds = 300;
};

// The built-in plugins, in upstream's order: NamespaceLifecycle, LimitRanger, ServiceAccount, NodeRestriction,
// Priority, DefaultTolerationSeconds, DefaultStorageClass, StorageObjectInUseProtection, PersistentVolumeClaimResize,
// DefaultIngressClass, ResourceQuota.
[[nodiscard]] AdmissionChain default_admission(const AdmissionOptions& options);

}  // namespace skiff::server

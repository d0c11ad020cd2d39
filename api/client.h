#pragma once

#include "api/base/json.h"
#include "api/base/task.h"
#include "api/resource.h"
#include "api/status.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::api {

// An object as components share it: parsed once, never changed.
using ObjectPtr = std::shared_ptr<const Json>;

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
};

struct ObjectList {
  std::vector<ObjectPtr> items;  // in key order (namespace, name)
  std::string resource_version;  // the list's own: where a watch carries on
};

struct WriteOptions {
  std::string field_manager;
  // "" for the object itself, else "status", "scale", "binding", ...
  std::string subresource;
};

struct DeleteOptions {
  std::optional<std::int64_t> grace_period_seconds;
  std::string uid;                 // precondition when not empty
  std::string resource_version;    // precondition when not empty
  std::string propagation_policy;  // "Background" (default), "Foreground", "Orphan"
};

enum class PatchType { kJson, kMerge, kStrategicMerge, kApply };

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchEventType type = WatchEventType::kAdded;
  ObjectPtr object;  // for kDeleted the last state; for kBookmark only metadata.resourceVersion counts
  Status error;      // for kError
};

struct WatchOptions {
  std::string resource_version;  // events after this one; "" = first the present state as kAdded events
  std::string label_selector;
  std::string field_selector;
};

// A running watch. Not thread-safe; used on the executor of the coroutine that opened it. Destroying it ends the watch.
class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // Waits for the next event. An error ends the stream: kExpired = list again; kTimeout or kServiceUnavailable = open
  // again from the last resourceVersion seen. After cancel() it returns an error of reason kGone at once.
  virtual Task<Result<WatchEvent>> next() = 0;
  // Wakes a waiting next(). From the same executor.
  virtual void cancel() = 0;
};

// The one door to the API (DESIGN, idea 6): scheduler, controllers and node agents see the cluster only through it. In
// one process it is a direct call into the registry, across machines HTTPS; admission, validation and authorization are
// the same. Thread-safe; a call resumes on its caller's executor. Objects that are sent must carry apiVersion and kind
// or neither. `resource` must be one of the constants above or outlive the call.
class Client {
 public:
  virtual ~Client() = default;

  virtual Task<Result<ObjectPtr>> get(const ResourceType& resource, NamespacedName name) = 0;
  // All namespaces when `namespace_` is empty.
  virtual Task<Result<ObjectList>> list(const ResourceType& resource, std::string namespace_, ListOptions options) = 0;
  // The name comes from metadata.name or metadata.generateName. With options.subresource ("binding", "eviction") the
  // object posted is the subresource's and `namespace_` and its metadata.name address the parent.
  virtual Task<Result<ObjectPtr>> create(const ResourceType& resource, std::string namespace_, Json object,
                                         WriteOptions options) = 0;
  // Name and namespace come from the object's metadata; a metadata.resourceVersion makes it a compare-and-swap.
  virtual Task<Result<ObjectPtr>> update(const ResourceType& resource, Json object, WriteOptions options) = 0;
  virtual Task<Result<ObjectPtr>> patch(const ResourceType& resource, NamespacedName name, PatchType type, Json patch,
                                        WriteOptions options) = 0;
  // The deleted object's last state, or its new one when finalizers or a grace period keep it.
  virtual Task<Result<ObjectPtr>> remove(const ResourceType& resource, NamespacedName name, DeleteOptions options) = 0;
  virtual Task<Result<std::unique_ptr<WatchStream>>> watch(const ResourceType& resource, std::string namespace_,
                                                           WatchOptions options) = 0;
};

}  // namespace skiff::api

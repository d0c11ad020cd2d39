#pragma once

#include "api/base/task.h"
#include "api/client.h"
#include "api/client/object_cache.h"
#include "api/resource.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace skiff::api {

// What an informer tells its users, after its cache shows the change. An absent function is not called.
struct InformerHandlers {
  std::function<void(const ObjectPtr& object)> added;
  std::function<void(const ObjectPtr& old_object, const ObjectPtr& object)> updated;
  // The last state that is known.
  std::function<void(const ObjectPtr& last)> deleted;
};

// Which objects an informer follows, and how much of each it keeps.
struct InformerOptions {
  std::string namespace_;  // empty: all
  std::string label_selector;
  std::string field_selector;
  // Keeps only apiVersion, kind and metadata: for those who care about names and owners (the garbage collector).
  bool metadata_only = false;
  // How many objects the cache keeps parsed (see ObjectCache), and how long a round is: those that nobody has needed
  // for one to two rounds rest.
  std::size_t awake = ObjectCache::kAll;
  std::chrono::milliseconds awake_round{1000};
};

// A local, always current copy of a collection: lists it once, then follows it with a watch.
//
// Operation: a watch that breaks is resumed from the last resourceVersion; one that is too old (410 Expired) is
// followed by a new list, whose differences from the cache become added, updated and deleted calls. Errors are tried
// again with a back-off. Concurrency: everything on the executor given, which has one thread; handlers are called there
// and must not wait. It will not: change objects, call a handler twice for the same resourceVersion of an object, or
// wake up when nothing happens.
class Informer {
 public:
  static constexpr std::chrono::milliseconds kBaseBackoff{50};
  static constexpr std::chrono::seconds kMaxBackoff{30};
  // So many objects are let rest before others have their turn.
  static constexpr std::size_t kRestsPerTurn = 256;

  // `client` and the texts of `resource` outlive the informer.
  Informer(asio::any_io_executor executor, Client& client, const ResourceType& resource, InformerOptions options);
  ~Informer();

  [[nodiscard]] const ResourceType& resource() const { return resource_; }
  [[nodiscard]] const ObjectCache& cache() const { return cache_; }

  // Handlers are called in the order in which they were added. One that comes late gets `added` for what is there
  // already.
  void add_handlers(InformerHandlers handlers);
  // See ObjectCache::add_index().
  void add_index(const std::string& name, ObjectCache::IndexFunction function);

  // True once the first list is in the cache and its handlers have been called.
  [[nodiscard]] bool has_synced() const { return has_synced_; }
  // Returns when it has synced or stops. True when it has synced.
  Task<bool> wait_until_synced();

  // Idempotent.
  void start();
  // Ends the watch and returns when nothing runs any more. The cache stays readable.
  Task<void> stop();

 private:
  enum class Next { kContinue, kBackOff };

  Task<void> run();
  Task<void> let_rest();
  Task<Next> list();
  Task<Next> watch();
  void replace(ObjectList list);
  void apply(const WatchEvent& event);
  void put(ObjectPtr object);
  void remove(const NamespacedName& name, ObjectPtr last);
  [[nodiscard]] ObjectPtr trimmed(ObjectPtr object) const;
  // True when the next thing to do is to list again.
  bool forget_position_if_expired(const Status& error);

  asio::any_io_executor executor_;
  Client& client_;
  const ResourceType resource_;
  const InformerOptions options_;
  ObjectCache cache_;
  std::vector<InformerHandlers> handlers_;
  std::string resource_version_;  // where the next watch begins; empty: list first
  std::unique_ptr<WatchStream> stream_;
  std::vector<std::shared_ptr<Signal>> sync_waiters_;
  Signal wake_;
  Signal woken_;  // the cache has something that is awake
  TaskGroup tasks_;
  bool started_ = false;
  bool stopping_ = false;
  bool has_synced_ = false;
};

// One informer per resource, shared by all who want to know about it.
class InformerFactory {
 public:
  InformerFactory(asio::any_io_executor executor, Client& client) : executor_(std::move(executor)), client_(client) {}

  // Of pods there may be a hundred thousand; of those that nobody needs the parsed form is let go. Enough for pods that
  // come by the thousand not to be parsed again with each step of their way to Running.
  static constexpr std::size_t kAwakePods = 16384;

  // The informer of whole objects in all namespaces. The texts of `resource` outlive the factory. Informers asked for
  // after start() are started by the next start().
  Informer& informer(const ResourceType& resource);
  // One that guarantees metadata only: the informer of whole objects if anybody has asked for it before, so ask last.
  Informer& metadata_informer(const ResourceType& resource);

  void start();
  // True when all that were started have synced, false when they were stopped before.
  Task<bool> wait_until_synced();
  Task<void> stop();

 private:
  using Key = std::pair<std::string_view, std::string_view>;  // group, plural
  asio::any_io_executor executor_;
  Client& client_;
  std::map<Key, std::unique_ptr<Informer>> full_;
  std::map<Key, std::unique_ptr<Informer>> metadata_;
};

}  // namespace skiff::api

#include "api/client/informer.h"

#include "api/base/check.h"
#include "api/base/log.h"
#include "api/client/work_queue.h"
#include "api/views/meta.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace skiff::api {

namespace {

// What handlers set in motion must get on while events come by the thousand, or all of it is under way at a time.
constexpr unsigned kEventsPerTurn = 1024;

}  // namespace

Informer::Informer(asio::any_io_executor executor, Client& client, const ResourceType& resource,
                   InformerOptions options)
    : executor_(executor),
      client_(client),
      resource_(resource),
      options_(std::move(options)),
      cache_(options_.awake, [this] { woken_.notify(); }),
      wake_(executor),
      woken_(executor),
      tasks_(executor) {}

Informer::~Informer() = default;

void Informer::add_handlers(InformerHandlers handlers) {
  if (handlers.added) {
    for (const ObjectPtr& object : cache_.list()) handlers.added(object);
  }
  handlers_.push_back(std::move(handlers));
}

void Informer::add_index(const std::string& name, ObjectCache::IndexFunction function) {
  cache_.add_index(name, std::move(function));
}

Task<bool> Informer::wait_until_synced() {
  if (!has_synced_ && !stopping_) {
    auto signal = std::make_shared<Signal>(executor_);
    sync_waiters_.push_back(signal);
    co_await signal->wait();
  }
  co_return has_synced_;
}

void Informer::start() {
  if (std::exchange(started_, true)) return;
  tasks_.spawn(run());
  if (options_.awake != ObjectCache::kAll) tasks_.spawn(let_rest());
}

Task<void> Informer::stop() {
  stopping_ = true;
  if (stream_) stream_->cancel();
  wake_.notify();
  woken_.notify();
  for (const auto& waiter : sync_waiters_) waiter->notify();
  co_await tasks_.join();
}

Task<void> Informer::run() {
  unsigned failures = 0;
  while (!stopping_) {
    Next next = Next::kContinue;
    if (resource_version_.empty()) {
      next = co_await list();
    } else {
      next = co_await watch();
    }
    if (next == Next::kContinue) {
      failures = 0;
      continue;
    }
    const auto deadline = std::chrono::steady_clock::now() + exponential_delay(kBaseBackoff, kMaxBackoff, failures++);
    while (!stopping_ && co_await wake_.wait_until(deadline)) {
    }
  }
}

// One timer for a round, and none when everything rests.
Task<void> Informer::let_rest() {
  while (!stopping_) {
    if (cache_.awake() == 0) {
      co_await woken_.wait();
      continue;
    }
    const auto deadline = std::chrono::steady_clock::now() + options_.awake_round;
    co_await woken_.wait_until(deadline);
    while (!stopping_ && cache_.rest_some(kRestsPerTurn)) co_await asio::post(executor_, asio::use_awaitable);
    cache_.begin_round();
  }
}

Task<Informer::Next> Informer::list() {
  ListOptions options;
  options.label_selector = options_.label_selector;
  options.field_selector = options_.field_selector;
  Result<ObjectList> list = co_await client_.list(resource_, options_.namespace_, options);
  if (stopping_) co_return Next::kContinue;
  if (!list) {
    spdlog::warn("list {}: {}", resource_.plural, list.error().message);
    co_return Next::kBackOff;
  }
  replace(std::move(*list));
  has_synced_ = true;
  for (const auto& waiter : sync_waiters_) waiter->notify();
  sync_waiters_.clear();
  co_return Next::kContinue;
}

// Follows the collection until the watch breaks.
Task<Informer::Next> Informer::watch() {
  WatchOptions options;
  options.resource_version = resource_version_;
  options.label_selector = options_.label_selector;
  options.field_selector = options_.field_selector;
  Result<std::unique_ptr<WatchStream>> stream = co_await client_.watch(resource_, options_.namespace_, options);
  if (stopping_) co_return Next::kContinue;
  if (!stream) {
    const bool expired = forget_position_if_expired(stream.error());
    spdlog::log(expired ? spdlog::level::info : spdlog::level::warn, "watch {}: {}", resource_.plural,
                stream.error().message);
    co_return expired ? Next::kContinue : Next::kBackOff;
  }
  stream_ = std::move(*stream);
  // A watch that tells us nothing before it ends is not progress, and must not be opened again at once for ever.
  Next next = Next::kBackOff;
  for (unsigned events = 1;; ++events) {
    if (events % kEventsPerTurn == 0) co_await asio::post(executor_, asio::use_awaitable);
    Result<WatchEvent> event = co_await stream_->next();
    if (stopping_) break;
    if (!event || event->type == WatchEventType::kError) {
      const Status& error = event ? event->error : event.error();
      spdlog::debug("watch {} ended: {}", resource_.plural, error.message);
      forget_position_if_expired(error);
      break;
    }
    apply(*event);
    next = Next::kContinue;
  }
  stream_.reset();
  co_return next;
}

bool Informer::forget_position_if_expired(const Status& error) {
  // Too large: the server has lost the history that the position is from, and would never come to it.
  const bool too_large = std::any_of(error.causes.begin(), error.causes.end(), [](const StatusCause& cause) {
    return cause.reason == "ResourceVersionTooLarge";
  });
  if (error.reason != Reason::kExpired && error.reason != Reason::kGone && !too_large) return false;
  resource_version_.clear();
  return true;
}

void Informer::replace(ObjectList list) {
  std::set<NamespacedName> gone;
  for (NamespacedName& name : cache_.names()) gone.insert(std::move(name));
  for (const ObjectPtr& item : list.items) gone.erase(key_of(*item));
  for (const NamespacedName& name : gone) remove(name, nullptr);
  for (ObjectPtr& item : list.items) put(std::move(item));
  resource_version_ = std::move(list.resource_version);
}

void Informer::apply(const WatchEvent& event) {
  switch (event.type) {
    case WatchEventType::kAdded:
    case WatchEventType::kModified:
      put(event.object);
      break;
    case WatchEventType::kDeleted:
      remove(key_of(*event.object), trimmed(event.object));
      break;
    case WatchEventType::kBookmark:
    case WatchEventType::kError:
      break;
  }
  std::string position = resource_version_of(*event.object);
  if (!position.empty()) resource_version_ = std::move(position);
}

void Informer::put(ObjectPtr object) {
  object = trimmed(std::move(object));
  const ObjectPtr previous = cache_.put(object);
  if (!previous) {
    for (const InformerHandlers& handlers : handlers_) {
      if (handlers.added) handlers.added(object);
    }
    return;
  }
  if (resource_version_of(*previous) == resource_version_of(*object)) return;
  // An object that was deleted and made again while we did not look is two objects.
  const bool replaced = uid_of(*previous) != uid_of(*object);
  for (const InformerHandlers& handlers : handlers_) {
    if (replaced) {
      if (handlers.deleted) handlers.deleted(previous);
      if (handlers.added) handlers.added(object);
    } else if (handlers.updated) {
      handlers.updated(previous, object);
    }
  }
}

void Informer::remove(const NamespacedName& name, ObjectPtr last) {
  const ObjectPtr removed = cache_.remove(name);
  if (!removed) return;
  if (!last) last = removed;
  for (const InformerHandlers& handlers : handlers_) {
    if (handlers.deleted) handlers.deleted(last);
  }
}

ObjectPtr Informer::trimmed(ObjectPtr object) const {
  if (!options_.metadata_only) return object;
  auto small = std::make_shared<Json>(Json::object());
  for (const char* member : {"apiVersion", "kind", "metadata"}) {
    const auto found = object->find(member);
    if (found != object->end()) (*small)[member] = *found;
  }
  (*small)["metadata"].erase("managedFields");
  return small;
}

Informer& InformerFactory::informer(const ResourceType& resource) {
  std::unique_ptr<Informer>& informer = full_[Key{resource.group, resource.plural}];
  if (!informer) {
    InformerOptions options;
    if (resource == kPods) options.awake = kAwakePods;
    informer = std::make_unique<Informer>(executor_, client_, resource, options);
  }
  return *informer;
}

Informer& InformerFactory::metadata_informer(const ResourceType& resource) {
  const Key key{resource.group, resource.plural};
  const auto full = full_.find(key);
  if (full != full_.end()) return *full->second;
  std::unique_ptr<Informer>& informer = metadata_[key];
  if (!informer) {
    InformerOptions options;
    options.metadata_only = true;
    informer = std::make_unique<Informer>(executor_, client_, resource, options);
  }
  return *informer;
}

void InformerFactory::start() {
  for (const auto& [_, informer] : full_) informer->start();
  for (const auto& [_, informer] : metadata_) informer->start();
}

Task<bool> InformerFactory::wait_until_synced() {
  bool synced = true;
  for (const auto& [_, informer] : full_) synced = co_await informer->wait_until_synced() && synced;
  for (const auto& [_, informer] : metadata_) synced = co_await informer->wait_until_synced() && synced;
  co_return synced;
}

Task<void> InformerFactory::stop() {
  for (const auto& [_, informer] : full_) co_await informer->stop();
  for (const auto& [_, informer] : metadata_) co_await informer->stop();
}

}  // namespace skiff::api

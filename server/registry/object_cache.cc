#include "server/registry/object_cache.h"

#include "server/registry/record.h"

#include <algorithm>

namespace skiff::server {

api::Result<api::ObjectPtr> ObjectCache::parsed(const store::RecordPtr& record) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(record.get());
    if (found != entries_.end() && found->second.record.lock() == record) {
      if (api::ObjectPtr object = found->second.object.lock()) return object;
    }
  }
  // Outside the lock; two threads may parse the same record, and the later one is remembered.
  auto document = to_bare_document(*record);
  if (!document) return document.error();
  api::ObjectPtr object = std::make_shared<const Json>(std::move(*document));
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= sweep_at_) forget_expired();
  entries_[record.get()] = Entry{record, object};
  return object;
}

// Seldom enough for its cost to vanish among the insertions before it.
void ObjectCache::forget_expired() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.object.expired(); });
  sweep_at_ = std::max<std::size_t>(1024, entries_.size() * 2);
}

}  // namespace skiff::server

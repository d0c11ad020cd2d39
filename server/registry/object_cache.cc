#include "server/registry/object_cache.h"

#include "api/base/check.h"
#include "server/registry/record.h"

#include <utility>

namespace skiff::server {

class ObjectCache::RecordSource final : public api::ObjectSource,
                                        public std::enable_shared_from_this<ObjectCache::RecordSource> {
 public:
  RecordSource(ObjectCache& cache, store::RecordPtr record) : cache_(cache), record_(std::move(record)) {}

  ~RecordSource() override {
    const std::lock_guard lock(cache_.mutex_);
    const auto entry = cache_.sources_.find(record_.get());
    // Meanwhile there may be another.
    if (entry != cache_.sources_.end() && entry->second.expired()) cache_.sources_.erase(entry);
  }

  [[nodiscard]] api::ObjectPtr object() const override {
    auto object = parsed();
    CHECK_INVARIANT(object.has_value() && "it was parsed before");
    return std::move(*object);
  }

  // Two threads may parse at the same time; what the later one has is remembered.
  [[nodiscard]] api::Result<api::ObjectPtr> parsed() const {
    if (api::ObjectPtr object = known()) return object;
    auto document = to_bare_document(*record_);
    if (!document) return document.error();
    return keep(std::move(*document));
  }

  // Null when nobody has it.
  [[nodiscard]] api::ObjectPtr known() const {
    const std::lock_guard lock(cache_.mutex_);
    return object_.lock();
  }

  [[nodiscard]] api::ObjectPtr keep(Json document) const {
    api::ObjectPtr object = api::make_object(std::move(document), shared_from_this());
    const std::lock_guard lock(cache_.mutex_);
    object_ = object;
    return object;
  }

 private:
  ObjectCache& cache_;
  const store::RecordPtr record_;
  mutable std::weak_ptr<const Json> object_;
};

api::Result<api::ObjectPtr> ObjectCache::parsed(const store::RecordPtr& record) { return source_of(record)->parsed(); }

api::Result<Json> ObjectCache::copy(const store::RecordPtr& record) {
  std::shared_ptr<const RecordSource> source;
  {
    const std::lock_guard lock(mutex_);
    source = known_source(record);
  }
  const api::ObjectPtr object = source ? source->known() : nullptr;
  if (object) return {boost::system::in_place_value, *object};
  return to_bare_document(*record);
}

void ObjectCache::follow(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  followed_.insert(directory);
}

api::Result<api::ObjectPtr> ObjectCache::take(const store::RecordPtr& record) {
  auto object = parsed(record);
  const std::lock_guard lock(mutex_);
  fresh_.erase(record.get());  // whose object the caller has
  return object;
}

void ObjectCache::put(const store::RecordPtr& record, Json document) {
  if (record->value.size() > kMaxFreshBytes || !is_followed(*record)) return;
  document["metadata"]["resourceVersion"] = std::to_string(record->mod_revision);
  const api::ObjectPtr object = source_of(record)->keep(std::move(document));
  api::ObjectPtr oldest;  // ends without the lock, since its source will want it
  const std::lock_guard lock(mutex_);
  fresh_[record.get()] = object;
  order_.push_back(record.get());
  if (order_.size() <= kMaxFresh) return;
  if (const auto waiting = fresh_.find(order_.front()); waiting != fresh_.end()) {
    oldest = std::move(waiting->second);
    fresh_.erase(waiting);
  }
  order_.pop_front();
}

bool ObjectCache::is_followed(const store::Record& record) {
  const std::string_view key = record.key;
  const std::lock_guard lock(mutex_);
  return followed_.contains(key.substr(0, key.find('/', 1) + 1));
}

std::shared_ptr<const ObjectCache::RecordSource> ObjectCache::known_source(const store::RecordPtr& record) const {
  const auto known = sources_.find(record.get());
  return known == sources_.end() ? nullptr : known->second.lock();
}

std::shared_ptr<const ObjectCache::RecordSource> ObjectCache::source_of(const store::RecordPtr& record) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<const RecordSource>& known = sources_[record.get()];
  std::shared_ptr<const RecordSource> source = known.lock();
  if (!source) known = source = std::make_shared<const RecordSource>(*this, record);
  return source;
}

}  // namespace skiff::server

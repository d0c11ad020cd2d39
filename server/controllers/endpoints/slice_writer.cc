#include "server/controllers/endpoints/slice_writer.h"

#include "api/client/indexes.h"
#include "api/views/meta.h"
#include "server/controllers/keys.h"
#include "server/controllers/remove_object.h"

#include <charconv>

namespace skiff::controllers {

using api::ObjectPtr;

namespace {

// Revisions are numbers that grow: upstream leaves that open, we promise it.
std::int64_t resource_version_number(const Json& object) {
  const std::string text = api::resource_version_of(object);
  std::int64_t revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

std::string key_of_slice(const Json& slice) {
  const std::string* service = api::label_of(slice, kServiceNameLabel);
  return service == nullptr ? "" : api::namespace_of(slice) + "/" + *service;
}

}  // namespace

SliceWriter::SliceWriter(api::Client& client, api::Informer& slices,
                         std::function<void(const std::string& key)> settled)
    : client_(client), slices_(slices), settled_(std::move(settled)) {
  slices_.add_index(api::kByLabel, api::by_label);
  api::InformerHandlers handlers;
  handlers.added = [this](const ObjectPtr& slice) { seen(*slice, false); };
  handlers.updated = [this](const ObjectPtr&, const ObjectPtr& slice) { seen(*slice, false); };
  handlers.deleted = [this](const ObjectPtr& slice) { seen(*slice, true); };
  slices_.add_handlers(std::move(handlers));
}

std::vector<ObjectPtr> SliceWriter::slices_of(const std::string& key, const char* managed_by) const {
  const api::NamespacedName name = parse_key(key);
  const std::string label = api::label_value(name.namespace_, kServiceNameLabel, name.name);
  std::vector<ObjectPtr> found = slices_.cache().by_index(api::kByLabel, label);
  std::erase_if(found, [managed_by](const ObjectPtr& slice) {
    const std::string* manager = api::label_of(*slice, kManagedByLabel);
    return manager == nullptr || *manager != managed_by;
  });
  return found;
}

Task<api::Result<void>> SliceWriter::write(std::string key, SlicePlan plan) {
  const api::WriteOptions options;
  const std::string namespace_ = parse_key(key).namespace_;
  for (Json& slice : plan.create) {
    const auto created = co_await client_.create(api::kEndpointSlices, namespace_, std::move(slice), options);
    if (!created) co_return created.error();
    wrote(key, **created);
  }
  for (Json& slice : plan.update) {
    const auto updated = co_await client_.update(api::kEndpointSlices, std::move(slice), options);
    if (!updated) co_return updated.error();
    wrote(key, **updated);
  }
  for (const ObjectPtr& slice : plan.remove) {
    api::DeleteOptions removal;
    const auto gone = co_await remove_object(client_, api::kEndpointSlices, slice, std::move(removal));
    if (!gone) co_return gone.error();
    removed(key, *slice);
  }
  co_return api::Result<void>();
}

void SliceWriter::wrote(const std::string& key, const Json& slice) {
  const ObjectPtr cached = slices_.cache().get(api::key_of(slice));
  const std::int64_t revision = resource_version_number(slice);
  if (cached && resource_version_number(*cached) >= revision) return;
  unseen_[key][api::name_of(slice)] = revision;
}

void SliceWriter::removed(const std::string& key, const Json& slice) {
  const ObjectPtr cached = slices_.cache().get(api::key_of(slice));
  if (cached && api::uid_of(*cached) == api::uid_of(slice)) unseen_[key][api::name_of(slice)] = 0;
}

// A slice that is gone will not come to show a revision any more.
void SliceWriter::seen(const Json& slice, bool is_gone) {
  const std::string key = key_of_slice(slice);
  const auto waiting = unseen_.find(key);
  if (waiting == unseen_.end()) return;
  const auto entry = waiting->second.find(api::name_of(slice));
  if (entry == waiting->second.end()) return;
  const bool shows_it = entry->second != 0 && resource_version_number(slice) >= entry->second;
  if (!is_gone && !shows_it) return;
  waiting->second.erase(entry);
  if (!waiting->second.empty()) return;
  unseen_.erase(waiting);
  settled_(key);
}

}  // namespace skiff::controllers

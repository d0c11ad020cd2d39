#include "test/support/fake_client.h"

#include "api/base/ids.h"
#include "api/selector.h"
#include "api/views/meta.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace skiff::test {

using api::NamespacedName;
using api::ObjectPtr;
using api::ResourceType;
using api::Status;
using api::WatchEventType;

namespace {

// What a watch or list of these options would show.
bool selected(const Json& object, const std::string& namespace_, const std::string& labels, const std::string& fields) {
  const NamespacedName name = api::key_of(object);
  if (!namespace_.empty() && name.namespace_ != namespace_) return false;
  if (!labels.empty()) {
    if (!api::LabelSelector::parse(labels)->matches_object_labels(api::labels_of(object))) return false;
  }
  if (fields.empty()) return true;
  const api::AttributeList attributes = {{"metadata.name", name.name},
                                         {"metadata.namespace", name.namespace_},
                                         {"spec.nodeName", string_at(object, {"spec", "nodeName"})}};
  return api::FieldSelector::parse(fields)->matches(attributes);
}

bool has_finalizers(const Json& object) {
  const Json* finalizers = find(object, {"metadata", "finalizers"});
  const Json* of_spec = find(object, {"spec", "finalizers"});
  return (finalizers != nullptr && !finalizers->empty()) || (of_spec != nullptr && !of_spec->empty());
}

}  // namespace

class FakeClient::Stream final : public api::WatchStream {
 public:
  Stream(FakeClient& client, const ResourceType& resource, std::string namespace_, api::WatchOptions options)
      : client_(client),
        plural_(resource.plural),
        namespace_(std::move(namespace_)),
        options_(std::move(options)),
        signal_(client.executor_) {
    client_.streams_.push_back(this);
  }
  ~Stream() override { std::erase(client_.streams_, this); }

  Task<api::Result<api::WatchEvent>> next() override {
    while (events_.empty() && !error_) co_await signal_.wait();
    if (events_.empty()) co_return *error_;
    api::WatchEvent event = std::move(events_.front());
    events_.pop_front();
    co_return event;
  }
  void cancel() override {
    events_.clear();
    Status gone;
    gone.reason = api::Reason::kGone;
    end(std::move(gone));
  }

  void offer(const Change& change) {
    if (change.plural != plural_) return;
    if (!selected(*change.event.object, namespace_, options_.label_selector, options_.field_selector)) return;
    events_.push_back(change.event);
    signal_.notify();
  }
  void end(Status error) {
    error_ = std::move(error);
    signal_.notify();
  }

 private:
  FakeClient& client_;
  std::string plural_;
  std::string namespace_;
  api::WatchOptions options_;
  std::deque<api::WatchEvent> events_;
  std::optional<Status> error_;
  Signal signal_;
};

FakeClient::FakeClient(asio::any_io_executor executor, const Clock& clock)
    : executor_(std::move(executor)), clock_(clock) {}
FakeClient::~FakeClient() = default;

Task<api::Result<void>> FakeClient::enter(std::string request) {
  co_await asio::post(executor_, asio::use_awaitable);
  requests_.push_back(request);
  for (Fault& fault : faults_) {
    if (fault.times > 0 && request.starts_with(fault.prefix)) {
      --fault.times;
      co_return fault.error;
    }
  }
  co_return api::Result<void>();
}

Task<api::Result<ObjectPtr>> FakeClient::get(const ResourceType& resource, NamespacedName name) {
  std::string request = "get " + std::string(resource.plural) + " " + name.to_string();
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  ObjectPtr object = peek(resource, name);
  if (!object) co_return missing(resource, name.name);
  co_return object;
}

Task<api::Result<api::ObjectList>> FakeClient::list(const ResourceType& resource, std::string namespace_,
                                                    api::ListOptions options) {
  std::string request = "list " + std::string(resource.plural) + " " + namespace_;
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  api::ObjectList list;
  for (const auto& [name, object] : objects_[std::string(resource.plural)]) {
    if (selected(*object, namespace_, options.label_selector, options.field_selector)) list.items.push_back(object);
  }
  list.resource_version = std::to_string(revision_);
  co_return list;
}

Task<api::Result<ObjectPtr>> FakeClient::create(const ResourceType& resource, std::string namespace_, Json object,
                                                api::WriteOptions options) {
  std::string request = "create " + std::string(resource.plural);
  if (!options.subresource.empty()) request += "/" + options.subresource;
  request += " " + NamespacedName{namespace_, string_at(object, {"metadata", "name"})}.to_string();
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  if (options.subresource == "binding") {
    const NamespacedName pod{namespace_, string_at(object, {"metadata", "name"})};
    co_return bind_now(pod, object);
  }
  if (options.subresource == "token") co_return issue_token(std::move(object));
  co_return create_now(resource, namespace_, std::move(object));
}

Task<api::Result<ObjectPtr>> FakeClient::update(const ResourceType& resource, Json object, api::WriteOptions options) {
  std::string request = "update " + std::string(resource.plural);
  if (!options.subresource.empty()) request += "/" + options.subresource;
  request += " " + api::key_of(object).to_string();
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  co_return update_now(resource, std::move(object), options.subresource);
}

Task<api::Result<ObjectPtr>> FakeClient::patch(const ResourceType& resource, NamespacedName name, api::PatchType type,
                                               Json patch, api::WriteOptions options) {
  std::string request = "patch " + std::string(resource.plural);
  if (!options.subresource.empty()) request += "/" + options.subresource;
  request += " " + name.to_string();
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  if (type != api::PatchType::kMerge) co_return api::bad_request("the fake client knows merge patches only");
  const ObjectPtr stored = peek(resource, name);
  if (!stored) co_return missing(resource, name.name);
  Json object = *stored;
  object.merge_patch(patch);
  co_return update_now(resource, std::move(object), options.subresource);
}

Task<api::Result<ObjectPtr>> FakeClient::remove(const ResourceType& resource, NamespacedName name,
                                                api::DeleteOptions options) {
  std::string request = "delete " + std::string(resource.plural) + " " + name.to_string();
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  co_return remove_now(resource, name, options);
}

Task<api::Result<std::unique_ptr<api::WatchStream>>> FakeClient::watch(const ResourceType& resource,
                                                                       std::string namespace_,
                                                                       api::WatchOptions options) {
  std::string request = "watch " + std::string(resource.plural) + " " + namespace_;
  const api::Result<void> entered = co_await enter(std::move(request));
  if (!entered) co_return entered.error();
  const std::int64_t after = std::stoll(options.resource_version);
  if (after < compacted_) co_return api::expired("too old resource version");
  auto stream = std::make_unique<Stream>(*this, resource, std::move(namespace_), options);
  for (const Change& change : history_) {
    if (change.revision > after) stream->offer(change);
  }
  co_return stream;
}

ObjectPtr FakeClient::issue_token(Json request) {
  const std::chrono::seconds lifetime(integer_at(request, {"spec", "expirationSeconds"}));
  request["status"] = {{"token", "token-" + std::to_string(++tokens_issued_)},
                       {"expirationTimestamp", format_time(clock_.now() + lifetime)}};
  return std::make_shared<const Json>(std::move(request));
}

api::Result<ObjectPtr> FakeClient::create_now(const ResourceType& resource, const std::string& namespace_,
                                              Json object) {
  Json& metadata = object["metadata"];
  if (resource.namespaced) metadata["namespace"] = namespace_;
  if (!metadata.contains("name")) metadata["name"] = string_at(metadata, {"generateName"}) + random_suffix();
  const NamespacedName name = api::key_of(object);
  if (peek(resource, name)) return api::already_exists(resource.group, resource.plural, name.name);
  metadata["uid"] = new_uuid();
  metadata["creationTimestamp"] = format_time(clock_.now());
  metadata["generation"] = 1;
  return commit(resource, std::move(object), WatchEventType::kAdded);
}

api::Result<ObjectPtr> FakeClient::update_now(const ResourceType& resource, Json object,
                                              const std::string& subresource) {
  const NamespacedName name = api::key_of(object);
  const ObjectPtr stored = peek(resource, name);
  if (!stored) return missing(resource, name.name);
  const std::string expected = api::resource_version_of(object);
  if (!expected.empty() && expected != api::resource_version_of(*stored)) {
    return api::object_modified(resource.group, resource.plural, name.name);
  }
  if (subresource == "status") {
    Json status = object.value("status", Json::object());
    object = *stored;
    object["status"] = std::move(status);
  } else if (stored->contains("status")) {
    object["status"] = (*stored)["status"];
  }
  if (object.value("spec", Json()) != stored->value("spec", Json())) {
    object["metadata"]["generation"] = api::generation_of(*stored) + 1;
  }
  object["metadata"]["resourceVersion"] = api::resource_version_of(*stored);
  if (object == *stored) return stored;
  const bool last = api::is_terminating(*stored) && !has_finalizers(object);
  return commit(resource, std::move(object), last ? WatchEventType::kDeleted : WatchEventType::kModified);
}

api::Result<ObjectPtr> FakeClient::bind_now(const NamespacedName& pod, const Json& binding) {
  const ObjectPtr stored = peek(api::kPods, pod);
  if (!stored) return missing(api::kPods, pod.name);
  if (!string_at(*stored, {"spec", "nodeName"}).empty()) {
    return api::conflict("", "pods", pod.name, "pod " + pod.name + " is already assigned to node");
  }
  Json object = *stored;
  object["spec"]["nodeName"] = string_at(binding, {"target", "name"});
  return commit(api::kPods, std::move(object), WatchEventType::kModified);
}

api::Result<ObjectPtr> FakeClient::remove_now(const ResourceType& resource, const NamespacedName& name,
                                              const api::DeleteOptions& options) {
  const ObjectPtr stored = peek(resource, name);
  if (!stored) return missing(resource, name.name);
  const bool other_uid = !options.uid.empty() && options.uid != api::uid_of(*stored);
  const bool other_version =
      !options.resource_version.empty() && options.resource_version != api::resource_version_of(*stored);
  if (other_uid || other_version) {
    return api::conflict(resource.group, resource.plural, name.name, "the precondition does not hold");
  }
  Json object = *stored;
  if (options.propagation_policy == "Foreground") object["metadata"]["finalizers"].push_back("foregroundDeletion");
  if (options.propagation_policy == "Orphan") object["metadata"]["finalizers"].push_back("orphan");
  if (!has_finalizers(object)) return commit(resource, std::move(object), WatchEventType::kDeleted);
  if (object["metadata"].contains("deletionTimestamp")) return stored;
  object["metadata"]["deletionTimestamp"] = format_time(clock_.now());
  return commit(resource, std::move(object), WatchEventType::kModified);
}

ObjectPtr FakeClient::commit(const ResourceType& resource, Json object, WatchEventType type) {
  object["metadata"]["resourceVersion"] = std::to_string(++revision_);
  object["apiVersion"] = resource.api_version();
  object["kind"] = resource.kind;
  auto stored = std::make_shared<const Json>(std::move(object));
  Collection& collection = objects_[std::string(resource.plural)];
  if (type == WatchEventType::kDeleted) {
    collection.erase(api::key_of(*stored));
  } else {
    collection[api::key_of(*stored)] = stored;
  }
  Change change;
  change.plural = resource.plural;
  change.revision = revision_;
  change.event.type = type;
  change.event.object = stored;
  history_.push_back(change);
  for (Stream* stream : streams_) stream->offer(change);
  return stored;
}

Status FakeClient::missing(const ResourceType& resource, const std::string& name) const {
  return api::not_found(resource.group, resource.plural, name);
}

std::size_t FakeClient::count_requests(std::string_view prefix) const {
  return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(),
                                                [&](const std::string& text) { return text.starts_with(prefix); }));
}

void FakeClient::fail(std::string prefix, Status error, int times) {
  faults_.push_back(Fault{std::move(prefix), std::move(error), times});
}

void FakeClient::break_watches(const Status& error) {
  for (Stream* stream : streams_) stream->end(error);
}

void FakeClient::compact() {
  compacted_ = revision_;
  history_.clear();
}

ObjectPtr FakeClient::peek(const ResourceType& resource, const NamespacedName& name) const {
  const auto collection = objects_.find(resource.plural);
  if (collection == objects_.end()) return nullptr;
  const auto object = collection->second.find(name);
  return object == collection->second.end() ? nullptr : object->second;
}

std::vector<ObjectPtr> FakeClient::peek_all(const ResourceType& resource) const {
  std::vector<ObjectPtr> all;
  const auto collection = objects_.find(resource.plural);
  if (collection == objects_.end()) return all;
  for (const auto& [_, object] : collection->second) all.push_back(object);
  return all;
}

ObjectPtr FakeClient::put(const ResourceType& resource, Json object) {
  const std::string namespace_ = string_at(object, {"metadata", "namespace"});
  return *create_now(resource, namespace_, std::move(object));
}

void FakeClient::modify(const ResourceType& resource, const NamespacedName& name,
                        const std::function<void(Json&)>& change) {
  Json object = *peek(resource, name);
  const Json spec = object.value("spec", Json());
  change(object);
  if (object.value("spec", Json()) != spec) {
    object["metadata"]["generation"] = api::generation_of(object) + 1;
  }
  commit(resource, std::move(object), WatchEventType::kModified);
}

void FakeClient::erase(const ResourceType& resource, const NamespacedName& name) {
  commit(resource, *peek(resource, name), WatchEventType::kDeleted);
}

}  // namespace skiff::test

#include "api/client/event_recorder.h"

#include "api/base/log.h"
#include "api/views/meta.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace skiff::api {

namespace {

constexpr std::size_t kMaxNameLength = 253;

// Events of objects without a namespace live in "default".
std::string event_namespace(const ObjectReference& object) {
  return object.namespace_.empty() ? "default" : object.namespace_;
}

// Whether the server will say no again however often it is asked.
bool is_final(const Status& error) {
  switch (error.reason) {
    case Reason::kForbidden:  // the namespace is being deleted
    case Reason::kNotFound:
    case Reason::kInvalid:
    case Reason::kBadRequest:
    case Reason::kAlreadyExists:
      return true;
    default:
      return false;
  }
}

}  // namespace

ObjectReference reference_to(const Json& object, std::string field_path) {
  ObjectReference reference;
  reference.api_version = string_at(object, {"apiVersion"});
  reference.kind = string_at(object, {"kind"});
  reference.namespace_ = namespace_of(object);
  reference.name = name_of(object);
  reference.uid = uid_of(object);
  reference.resource_version = resource_version_of(object);
  reference.field_path = std::move(field_path);
  return reference;
}

EventRecorder::EventRecorder(asio::any_io_executor executor, Client& client, const Clock& clock, Source source)
    : client_(client),
      clock_(clock),
      source_(std::move(source)),
      writer_(executor, "events of " + source_.component, kWorkers, [this](std::string key) { return write(key); }) {}

Task<void> EventRecorder::stop() { co_await writer_.stop(); }

void EventRecorder::normal(const Json& object, std::string reason, std::string message, std::string action) {
  record(Happening{reference_to(object), EventType::kNormal, std::move(reason), std::move(message), std::move(action)});
}

void EventRecorder::warning(const Json& object, std::string reason, std::string message, std::string action) {
  record(
      Happening{reference_to(object), EventType::kWarning, std::move(reason), std::move(message), std::move(action)});
}

void EventRecorder::record(Happening happening) {
  const TimePoint now = clock_.now();
  EventCorrelator::Decision decision = correlator_.decide(happening, now);
  if (decision.drop) return;
  happening.message = std::move(decision.message);
  Event* event = find_or_add(decision.key, now);
  if (event == nullptr) {
    spdlog::debug("event dropped, too many wait: {} {}", happening.reason, happening.message);
    return;
  }
  if (event->count == 0) begin_anew(*event, happening, now);
  event->happening = std::move(happening);
  event->count++;
  event->last = now;
  if (!std::exchange(event->pending, true)) ++pending_;
  writer_.enqueue(decision.key);
}

// The Event to count up, or one with count 0 to begin; null when too many wait already.
EventRecorder::Event* EventRecorder::find_or_add(const std::string& key, TimePoint now) {
  const auto known = events_.find(key);
  if (known != events_.end()) {
    Event& event = known->second;
    order_.splice(order_.begin(), order_, event.place);
    if (!event.pending && now - event.last > EventCorrelator::kWindow) event.count = 0;
    return &event;
  }
  if (pending_ >= kMaxPending) return nullptr;
  // The oldest are forgotten: they are written by now, since more are kept than may wait.
  if (events_.size() >= kMaxEvents && !events_.at(order_.back()).pending) forget(std::string(order_.back()));
  order_.push_front(key);
  Event& event = events_[key];
  event.place = order_.begin();
  return &event;
}

void EventRecorder::forget(const std::string& key) {
  const auto known = events_.find(key);
  if (known == events_.end()) return;
  order_.erase(known->second.place);
  events_.erase(known);
}

void EventRecorder::begin_anew(Event& event, const Happening& happening, TimePoint now) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  last_name_ = std::max<std::int64_t>(since_epoch.count(), last_name_ + 1);
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, ".%llx", static_cast<unsigned long long>(last_name_));
  event.name = happening.object.name.substr(0, kMaxNameLength - sizeof suffix) + suffix;
  event.first = now;
  event.created = false;
}

Task<Result<void>> EventRecorder::write(std::string key) {
  const auto known = events_.find(key);
  if (known == events_.end() || !known->second.pending) co_return Result<void>();
  Event& event = known->second;  // stays: what is pending is not forgotten
  const int count = event.count;
  const NamespacedName name{event_namespace(event.happening.object), event.name};
  const WriteOptions options;
  Result<ObjectPtr> written = not_found("", kEvents.plural, name.name);
  if (event.created) {
    Json patch = repetition(event);
    written = co_await client_.patch(kEvents, name, PatchType::kMerge, std::move(patch), options);
  } else {
    Json object = document(event);
    written = co_await client_.create(kEvents, name.namespace_, std::move(object), options);
  }
  const bool was_created = std::exchange(event.created, event.created || written);
  if (written) {
    if (event.count != count) co_return Result<void>();  // it happened again, and the key is queued again
  } else if (was_created && written.error().reason == Reason::kNotFound) {
    // Its time to live is over; it begins again, and keeps the count.
    begin_anew(event, event.happening, event.last);
    co_return written.error();
  } else if (!is_final(written.error()) && writer_.failures(key) + 1 < kMaxTries) {
    co_return written.error();
  }
  event.pending = false;
  --pending_;
  if (!written) {
    spdlog::debug("event {} given up: {}", name.to_string(), written.error().message);
    forget(key);
  }
  co_return Result<void>();
}

Json EventRecorder::document(const Event& event) const {
  const ObjectReference& object = event.happening.object;
  Json involved = {{"kind", object.kind},
                   {"apiVersion", object.api_version},
                   {"name", object.name},
                   {"uid", object.uid},
                   {"resourceVersion", object.resource_version}};
  if (!object.namespace_.empty()) involved["namespace"] = object.namespace_;
  if (!object.field_path.empty()) involved["fieldPath"] = object.field_path;
  Json result = {{"apiVersion", "v1"},
                 {"kind", "Event"},
                 {"metadata", {{"name", event.name}, {"namespace", event_namespace(object)}}},
                 {"involvedObject", std::move(involved)},
                 {"reason", event.happening.reason},
                 {"message", event.happening.message},
                 {"type", event.happening.type == EventType::kNormal ? "Normal" : "Warning"},
                 {"reportingComponent", source_.component},
                 {"reportingInstance", source_.host}};
  if (source_.as_series) {
    result["reportingInstance"] = source_.component + "-" + source_.host;
    result["action"] = event.happening.action;
    result["eventTime"] = format_micro_time(event.first);
    if (event.count > 1) result.update(repetition(event));
    return result;
  }
  result["source"] = {{"component", source_.component}};
  if (!source_.host.empty()) result["source"]["host"] = source_.host;
  result["firstTimestamp"] = format_time(event.first);
  result["lastTimestamp"] = format_time(event.last);
  result["count"] = event.count;
  result["eventTime"] = nullptr;
  return result;
}

Json EventRecorder::repetition(const Event& event) const {
  if (source_.as_series) {
    return {{"series", {{"count", event.count}, {"lastObservedTime", format_micro_time(event.last)}}}};
  }
  return {{"count", event.count}, {"lastTimestamp", format_time(event.last)}, {"message", event.happening.message}};
}

}  // namespace skiff::api

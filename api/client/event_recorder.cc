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
NamespacedName name_of_event(const ObjectReference& object, std::int64_t number) {
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, ".%llx", static_cast<unsigned long long>(number));
  return {object.namespace_.empty() ? "default" : object.namespace_,
          object.name.substr(0, kMaxNameLength - sizeof suffix) + suffix};
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
      writer_(executor, "events of " + source_.component, kWorkers, [this](std::string key) { return write(key); }),
      forgetting_(executor) {}

Task<void> EventRecorder::stop() {
  stopping_ = true;
  forgetting_.cancel();
  co_await writer_.stop();
}

void EventRecorder::normal(const Json& object, std::string reason, std::string message, std::string action) {
  record(Happening{reference_to(object), EventType::kNormal, std::move(reason), std::move(message), std::move(action)});
}

void EventRecorder::warning(const Json& object, std::string reason, std::string message, std::string action) {
  record(
      Happening{reference_to(object), EventType::kWarning, std::move(reason), std::move(message), std::move(action)});
}

void EventRecorder::record(Happening happening) {
  if (stopping_) return;
  const TimePoint now = clock_.now();
  EventCorrelator::Decision decision = correlator_.decide(happening, now);
  forget_later();
  if (decision.drop) return;
  happening.message = std::move(decision.message);
  Pending* event = find_or_add(decision.key, now);
  if (event == nullptr) {
    spdlog::debug("event dropped, too many wait: {} {}", happening.reason, happening.message);
    return;
  }
  event->happening = std::move(happening);
  event->series.count++;
  event->series.last = now;
  writer_.enqueue(decision.key);
}

EventRecorder::Pending* EventRecorder::find_or_add(const std::string& key, TimePoint now) {
  if (const auto known = pending_.find(key); known != pending_.end()) return &known->second;
  if (pending_.size() >= kMaxPending) return nullptr;
  Pending& event = pending_[key];
  Series& series = event.series;
  if (const auto before = written_.take(key, now)) series = *before;
  if (series.count == 0 || now - series.last > EventCorrelator::kWindow) {
    series.count = 0;
    begin_anew(series, now);
  }
  return &event;
}

void EventRecorder::begin_anew(Series& series, TimePoint now) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  last_number_ = std::max<std::int64_t>(since_epoch.count(), last_number_ + 1);
  series.number = last_number_;
  series.first = now;
  series.created = false;
}

Task<Result<ObjectPtr>> EventRecorder::put(const Pending& event) {
  const NamespacedName name = name_of_event(event.happening.object, event.series.number);
  const WriteOptions options;
  if (event.series.created) {
    Json patch = repetition(event);
    co_return co_await client_.patch(kEvents, name, PatchType::kMerge, std::move(patch), options);
  }
  Json object = document(event);
  co_return co_await client_.create(kEvents, name.namespace_, std::move(object), options);
}

Task<Result<void>> EventRecorder::write(std::string key) {
  const auto known = pending_.find(key);
  if (known == pending_.end()) co_return Result<void>();
  Series& series = known->second.series;  // stays: nobody else takes away what is pending
  const int count = series.count;
  const Result<ObjectPtr> written = co_await put(known->second);
  const bool was_created = std::exchange(series.created, series.created || written);
  if (written) {
    if (series.count != count) co_return Result<void>();  // it happened again, and the key is queued again
    written_.use(key, Series(), clock_.now()) = series;
  } else if (was_created && written.error().reason == Reason::kNotFound) {
    // Its time to live is over; it begins again, and keeps the count.
    begin_anew(series, series.last);
    co_return written.error();
  } else if (!is_final(written.error()) && writer_.failures(key) + 1 < kMaxTries) {
    co_return written.error();
  } else {
    spdlog::debug("event {} given up: {}", key, written.error().message);
  }
  pending_.erase(key);
  co_return Result<void>();
}

void EventRecorder::forget_old() {
  const TimePoint now = clock_.now();
  correlator_.forget_old(now);
  written_.forget_old(now);
}

void EventRecorder::forget_later() {
  if (forgets_later_ || stopping_) return;
  forgets_later_ = true;
  forgetting_.expires_after(EventCorrelator::kWindow);
  forgetting_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    forgets_later_ = false;
    forget_old();
    if (remembered() > 0) forget_later();
  });
}

Json EventRecorder::document(const Pending& event) const {
  const ObjectReference& object = event.happening.object;
  const Series& series = event.series;
  const NamespacedName name = name_of_event(object, series.number);
  Json involved = {{"kind", object.kind},
                   {"apiVersion", object.api_version},
                   {"name", object.name},
                   {"uid", object.uid},
                   {"resourceVersion", object.resource_version}};
  if (!object.namespace_.empty()) involved["namespace"] = object.namespace_;
  if (!object.field_path.empty()) involved["fieldPath"] = object.field_path;
  Json result = {{"apiVersion", "v1"},
                 {"kind", "Event"},
                 {"metadata", {{"name", name.name}, {"namespace", name.namespace_}}},
                 {"involvedObject", std::move(involved)},
                 {"reason", event.happening.reason},
                 {"message", event.happening.message},
                 {"type", event.happening.type == EventType::kNormal ? "Normal" : "Warning"},
                 {"reportingComponent", source_.component},
                 {"reportingInstance", source_.host}};
  if (source_.as_series) {
    result["reportingInstance"] = source_.component + "-" + source_.host;
    result["action"] = event.happening.action;
    result["eventTime"] = format_micro_time(series.first);
    if (series.count > 1) result.update(repetition(event));
    return result;
  }
  result["source"] = {{"component", source_.component}};
  if (!source_.host.empty()) result["source"]["host"] = source_.host;
  result["firstTimestamp"] = format_time(series.first);
  result["lastTimestamp"] = format_time(series.last);
  result["count"] = series.count;
  result["eventTime"] = nullptr;
  return result;
}

Json EventRecorder::repetition(const Pending& event) const {
  const Series& series = event.series;
  if (source_.as_series) {
    return {{"series", {{"count", series.count}, {"lastObservedTime", format_micro_time(series.last)}}}};
  }
  return {{"count", series.count}, {"lastTimestamp", format_time(series.last)}, {"message", event.happening.message}};
}

}  // namespace skiff::api

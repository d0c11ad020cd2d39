#include "nodeagent/static_pods/mirror_pods.h"

#include "api/base/log.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/pod.h"
#include "api/views/static_pods.h"
#include "nodeagent/pods/pod_view.h"
#include "nodeagent/same_document.h"
#include "nodeagent/static_pods/static_pod.h"

#include <algorithm>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kMirrorWorkers = 4;
constexpr std::chrono::milliseconds kFirstDelay{200};
// A server that does not answer may be back any moment; what it refuses, it will refuse for a while.
constexpr std::chrono::seconds kMaxDelayOfSilence{5};
constexpr std::chrono::seconds kMaxDelayOfRefusal{60};

// Between a mirror that somebody deletes and the next one. `kubectl delete` looks at the old one and then watches the
// name until it is gone: it would wait for ever if the name were taken again between the two.
constexpr std::chrono::milliseconds kAbsence{500};

std::string text_key(const Json& pod) { return api::key_of(pod).to_string(); }

// A time of which an earlier agent knew better. Times in this form sort as texts.
void keep_earlier(Json& object, const char* member, const Json& shown) {
  const std::string before = string_at(shown, {member});
  if (!before.empty() && before < string_at(object, {member})) object[member] = before;
}

bool is_readiness_gate(const Json& pod, const std::string& type) {
  const Json* gates = find(pod, {"spec", "readinessGates"});
  return gates != nullptr && std::any_of(gates->begin(), gates->end(), [&type](const Json& gate) {
           return string_at(gate, {"conditionType"}) == type;
         });
}

// The pod's status; of what the mirror shows the conditions that others have added (of readiness gates, the pod may
// not have heard the latest), and the times of what has not changed since then.
Json mirrored_status(const Json& pod, const Json& mirror) {
  Json status = pod.at("status");
  const Json* shown = find(mirror, {"status"});
  const Json* shown_conditions = find(mirror, {"status", "conditions"});
  if (shown != nullptr) keep_earlier(status, "startTime", *shown);
  if (shown_conditions == nullptr) return status;
  Json& conditions = status["conditions"];
  for (Json& condition : conditions) {
    const std::string type = string_at(condition, {"type"});
    const Json* before = api::find_condition(mirror, type);
    if (before == nullptr) continue;
    if (is_readiness_gate(pod, type)) condition = *before;
    const bool same = string_at(*before, {"status"}) == string_at(condition, {"status"});
    if (same) keep_earlier(condition, "lastTransitionTime", *before);
  }
  for (const Json& condition : *shown_conditions) {
    if (api::find_condition(pod, string_at(condition, {"type"})) == nullptr) conditions.push_back(condition);
  }
  return status;
}

}  // namespace

MirrorPods::MirrorPods(asio::any_io_executor executor, api::Client& client, std::string node_name)
    : client_(client),
      node_name_(std::move(node_name)),
      controller_(executor, "mirrorpods", kMirrorWorkers, [this](std::string key) { return sync(std::move(key)); }) {
  controller_.start();
}

Task<void> MirrorPods::stop() { co_await controller_.stop(); }

void MirrorPods::pod_changed(const api::ObjectPtr& pod) {
  const std::string key = text_key(*pod);
  entries_[key].pod = pod;
  controller_.enqueue(key);
}

void MirrorPods::pod_ended(const api::NamespacedName& name) {
  const auto entry = entries_.find(name.to_string());
  if (entry == entries_.end()) return;
  entry->second.pod = nullptr;
  entry->second.ended = true;
  controller_.enqueue(entry->first);
}

void MirrorPods::mirror_changed(const api::ObjectPtr& mirror) {
  const std::string key = text_key(*mirror);
  const api::ObjectPtr& known = entries_[key].mirror;
  // Our own writes are known before the watch tells of them.
  if (known && resource_version(*mirror) <= resource_version(*known)) return;
  set_mirror(key, mirror);
}

void MirrorPods::mirror_deleted(const api::ObjectPtr& last) { forget_mirror(text_key(*last), api::uid_of(*last)); }

void MirrorPods::set_complete() {
  complete_ = true;
  for (const auto& [key, entry] : entries_) {
    if (!entry.pod) controller_.enqueue(key);
  }
}

void MirrorPods::set_mirror(const std::string& key, api::ObjectPtr mirror) {
  entries_[key].mirror = std::move(mirror);
  controller_.enqueue(key);
}

void MirrorPods::forget_mirror(const std::string& key, const std::string& uid) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || !entry->second.mirror || api::uid_of(*entry->second.mirror) != uid) return;
  entry->second.mirror = nullptr;
  controller_.enqueue(key);
}

bool MirrorPods::Entry::has_wrong_mirror(bool complete) const {
  if (!mirror) return false;
  if (!pod) return complete || ended;
  return api::is_terminating(*mirror) || !is_mirror_of(*mirror, *pod);
}

Task<api::Result<void>> MirrorPods::sync(std::string key) {
  const auto result = co_await sync_entry(key);
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) co_return api::Result<void>();
  if (!result) {
    try_again(key, entry->second, result.error());
  } else {
    entry->second.failures = 0;
    entry->second.problem.clear();
  }
  co_return api::Result<void>();
}

void MirrorPods::try_again(const std::string& key, Entry& entry, const api::Status& error) {
  if (error.message != std::exchange(entry.problem, error.message)) {
    spdlog::warn("mirror pod {}: {}", key, error.message);
  }
  const bool silent = error.reason == api::Reason::kServiceUnavailable || error.reason == api::Reason::kTimeout;
  const std::chrono::nanoseconds limit = silent ? kMaxDelayOfSilence : kMaxDelayOfRefusal;
  controller_.enqueue_after(key, api::exponential_delay(kFirstDelay, limit, entry.failures++));
}

// One step; what it changes enqueues the next.
Task<api::Result<void>> MirrorPods::sync_entry(std::string key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) co_return api::Result<void>();
  const Entry entry = found->second;
  if (entry.has_wrong_mirror(complete_)) co_return co_await remove_mirror(key, entry.mirror);
  if (!entry.pod) {
    if (!entry.mirror) entries_.erase(found);
    co_return api::Result<void>();
  }
  if (entry.mirror) co_return co_await write_status(key, entry.pod, entry.mirror);
  const auto absence = entry.create_at - std::chrono::steady_clock::now();
  if (absence.count() <= 0) co_return co_await create_mirror(key, entry.pod);
  controller_.enqueue_after(key, absence);
  co_return api::Result<void>();
}

Task<api::Result<void>> MirrorPods::remove_mirror(std::string key, api::ObjectPtr mirror) {
  api::DeleteOptions options;
  options.grace_period_seconds = 0;
  options.uid = api::uid_of(*mirror);
  const auto removed = co_await client_.remove(api::kPods, api::key_of(*mirror), options);
  const bool gone = removed || removed.error().reason == api::Reason::kNotFound ||
                    removed.error().reason == api::Reason::kConflict;  // another one has the name by now
  if (!gone) co_return removed.error();
  const auto entry = entries_.find(key);
  if (entry != entries_.end() && api::is_terminating(*mirror)) {
    entry->second.create_at = std::chrono::steady_clock::now() + kAbsence;
  }
  forget_mirror(key, options.uid);
  co_return api::Result<void>();
}

Task<api::Result<void>> MirrorPods::create_mirror(std::string key, api::ObjectPtr pod) {
  const api::NamespacedName node_key{"", node_name_};
  const auto node = co_await client_.get(api::kNodes, node_key);
  if (!node) co_return node.error();
  Json mirror = make_mirror_pod(*pod, **node);
  api::WriteOptions options;
  options.field_manager = "kubelet";
  const auto created = co_await client_.create(api::kPods, api::namespace_of(*pod), std::move(mirror), options);
  if (created) {
    set_mirror(key, *created);
    co_return api::Result<void>();
  }
  if (created.error().reason != api::Reason::kAlreadyExists) co_return created.error();
  co_return co_await take_what_exists(key, pod, created.error());
}

// The name is taken: by a mirror that has not been heard of yet, or by a pod that is no business of ours.
Task<api::Result<void>> MirrorPods::take_what_exists(std::string key, api::ObjectPtr pod, api::Status conflict) {
  const auto existing = co_await client_.get(api::kPods, api::key_of(*pod));
  if (!existing) co_return existing.error();
  if (!api::is_mirror_pod(**existing) || api::node_name_of(**existing) != node_name_) co_return conflict;
  set_mirror(key, *existing);
  // One that finalizers keep is not removed any faster by trying again and again.
  if (api::is_terminating(**existing)) co_return conflict;
  co_return api::Result<void>();
}

Task<api::Result<void>> MirrorPods::write_status(std::string key, api::ObjectPtr pod, api::ObjectPtr mirror) {
  if (find(*pod, {"status"}) == nullptr) co_return api::Result<void>();
  Json object = *mirror;
  object["status"] = mirrored_status(*pod, *mirror);
  if (same_document(object["status"], mirror->value("status", Json()))) co_return api::Result<void>();
  api::WriteOptions options;
  options.field_manager = "kubelet";
  options.subresource = "status";
  const auto written = co_await client_.update(api::kPods, std::move(object), options);
  if (written) {
    set_mirror(key, *written);
    co_return api::Result<void>();
  }
  const api::Reason reason = written.error().reason;
  if (reason != api::Reason::kConflict && reason != api::Reason::kNotFound) co_return written.error();
  // Somebody else wrote, or removed it.
  const auto fresh = co_await client_.get(api::kPods, api::key_of(*mirror));
  if (fresh) {
    set_mirror(key, *fresh);
  } else if (fresh.error().reason == api::Reason::kNotFound) {
    forget_mirror(key, api::uid_of(*mirror));
  } else {
    co_return fresh.error();
  }
  co_return api::Result<void>();
}

}  // namespace skiff::nodeagent

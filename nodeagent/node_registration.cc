#include "nodeagent/node_registration.h"

#include "api/base/log.h"
#include "api/client/work_queue.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "nodeagent/same_document.h"

#include <utility>

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::milliseconds kRegistrationBaseDelay{200};
constexpr std::chrono::seconds kRegistrationMaxDelay{7};

// The event of a condition that has this status now; upstream's words.
struct ConditionEvent {
  std::string_view type, status;
  const char* reason;
};
constexpr ConditionEvent kConditionEvents[] = {
    {"MemoryPressure", "False", "NodeHasSufficientMemory"},
    {"MemoryPressure", "True", "NodeHasInsufficientMemory"},
    {"DiskPressure", "False", "NodeHasNoDiskPressure"},
    {"DiskPressure", "True", "NodeHasDiskPressure"},
    {"PIDPressure", "False", "NodeHasSufficientPID"},
    {"PIDPressure", "True", "NodeHasInsufficientPID"},
    {"Ready", "True", "NodeReady"},
    {"Ready", "False", "NodeNotReady"},
};

}  // namespace

api::Happening about_node(const std::string& name, std::string reason, std::string message) {
  api::Happening happening;
  happening.object.kind = "Node";
  happening.object.name = name;
  happening.object.uid = name;
  happening.reason = std::move(reason);
  happening.message = std::move(message);
  return happening;
}

NodeRegistration::NodeRegistration(asio::any_io_executor executor, api::Client& client, const Clock& clock,
                                   api::EventRecorder* recorder, NodeDescription description)
    : executor_(executor),
      client_(client),
      clock_(clock),
      recorder_(recorder),
      description_(std::move(description)),
      lease_(executor, client, clock, description_.name, description_.presence.lease_duration),
      wake_(executor),
      tasks_(executor) {}

Task<void> NodeRegistration::start() {
  if (recorder_ != nullptr && description_.announced) {
    recorder_->record(about_node(description_.name, "Starting", "Starting kubelet."));
  }
  trying_ = true;
  const bool registered = co_await try_to_register();
  if (registered) {
    spdlog::info("node {} registered", description_.name);
    begin_presence();
  }
  trying_ = !registered || outdated_;
  if (trying_) tasks_.spawn(keep_trying());
}

Task<void> NodeRegistration::stop() {
  stopping_ = true;
  wake_.notify();
  if (node_) co_await node_->stop();
  co_await lease_.stop();
  co_await tasks_.join();
}

void NodeRegistration::begin_presence() {
  const NodePresence& presence = description_.presence;
  const bool lives_apart = presence.lease_duration > std::chrono::milliseconds::zero();
  if ((!lives_apart && !presence.standing_lease) || stopping_ || present_) return;
  present_ = true;
  lease_.start();
  if (lives_apart) follow_node();
}

void NodeRegistration::follow_node() {
  api::InformerOptions options;
  options.field_selector = "metadata.name=" + description_.name;
  node_ = std::make_unique<api::Informer>(executor_, client_, api::kNodes, options);
  const auto look = [this](const api::ObjectPtr& node) {
    Json corrected = *node;
    const NodeChanges changes = update_node(corrected, wanted(), clock_.now());
    if (changes.object || changes.status) correct();
  };
  api::InformerHandlers handlers;
  handlers.added = look;
  handlers.updated = [look](const api::ObjectPtr&, const api::ObjectPtr& node) { look(node); };
  node_->add_handlers(std::move(handlers));
  node_->start();
}

void NodeRegistration::set_images(Json images) {
  if (same_document(images, description_.images)) return;
  description_.images = std::move(images);
  description_changed();
}

void NodeRegistration::set_pressure(const NodePressure& pressure) {
  if (pressure == description_.pressure) return;
  description_.pressure = pressure;
  description_changed();
}

void NodeRegistration::description_changed() {
  if (trying_) {
    outdated_ = true;
  } else if (registered_) {
    correct();
  }
}

void NodeRegistration::correct() {
  if (std::exchange(trying_, true) || stopping_) return;
  tasks_.spawn(keep_trying());
}

Task<void> NodeRegistration::keep_trying() {
  for (unsigned failures = 0; !stopping_;) {
    outdated_ = false;
    const bool registered = co_await try_to_register();
    if (registered && !outdated_) break;
    if (registered) continue;
    const auto next_try = std::chrono::steady_clock::now() +
                          api::exponential_delay(kRegistrationBaseDelay, kRegistrationMaxDelay, failures++);
    co_await wake_.wait_until(next_try);
  }
  trying_ = false;
  begin_presence();
}

Task<bool> NodeRegistration::try_to_register() {
  const api::NamespacedName name{"", description_.name};
  auto node = co_await client_.get(api::kNodes, name);
  if (!node && node.error().reason == api::Reason::kNotFound) {
    // A Node that was there and is no more has been deleted by somebody who means it.
    if (registered_) co_return true;
    api::WriteOptions options;
    options.field_manager = "kubelet";
    Json made = wanted();
    node = co_await client_.create(api::kNodes, "", std::move(made), options);
    registered_ = node.has_value();
    if (node) {
      if (description_.announced) tell(Json::object(), **node);
      co_return true;
    }
  }
  if (!node) {
    spdlog::warn("register node {}: {}", description_.name, node.error().message);
    co_return false;
  }
  registered_ = true;
  co_return co_await bring_in_line(*node);
}

Task<bool> NodeRegistration::bring_in_line(api::ObjectPtr node) {
  Json updated = *node;
  const NodeChanges changes = update_node(updated, wanted(), clock_.now());
  api::WriteOptions options;
  options.field_manager = "kubelet";
  if (changes.object) {
    Json object = updated;
    const auto written = co_await client_.update(api::kNodes, std::move(object), options);
    if (!written) co_return false;
    updated["metadata"]["resourceVersion"] = api::resource_version_of(**written);
  }
  if (!changes.status && !changes.object) co_return true;
  options.subresource = "status";
  const auto written = co_await client_.update(api::kNodes, std::move(updated), options);
  if (!written) co_return false;
  tell(*node, **written);
  co_return true;
}

void NodeRegistration::tell(const Json& before, const Json& now) {
  if (recorder_ == nullptr) return;
  const std::string& name = description_.name;
  const std::string boot_id = string_at(now, {"status", "nodeInfo", "bootID"});
  const std::string boot_before = string_at(before, {"status", "nodeInfo", "bootID"});
  if (!boot_before.empty() && boot_before != boot_id) {
    auto rebooted = about_node(name, "Rebooted", "Node " + name + " has been rebooted, boot id: " + boot_id);
    rebooted.type = api::EventType::kWarning;
    recorder_->record(std::move(rebooted));
  }
  for (const ConditionEvent& event : kConditionEvents) {
    if (api::condition_status(now, event.type) != event.status) continue;
    if (api::condition_status(before, event.type) == event.status) continue;
    recorder_->record(about_node(name, event.reason, "Node " + name + " status is now: " + event.reason));
  }
}

}  // namespace skiff::nodeagent

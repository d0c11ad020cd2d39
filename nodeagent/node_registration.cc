#include "nodeagent/node_registration.h"

#include "api/base/log.h"
#include "api/client/work_queue.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::milliseconds kRegistrationBaseDelay{200};
constexpr std::chrono::seconds kRegistrationMaxDelay{7};

}  // namespace

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
  const bool registered = co_await try_to_register();
  if (registered) {
    spdlog::info("node {} registered", description_.name);
    begin_presence();
  } else {
    trying_ = true;
    tasks_.spawn(keep_trying());
  }
}

Task<void> NodeRegistration::stop() {
  stopping_ = true;
  wake_.notify();
  if (present_) {
    co_await node_->stop();
    co_await lease_.stop();
  }
  co_await tasks_.join();
}

void NodeRegistration::begin_presence() {
  if (description_.presence.lease_duration == std::chrono::milliseconds::zero() || stopping_ || present_) return;
  present_ = true;
  lease_.start();
  follow_node();
}

void NodeRegistration::follow_node() {
  api::InformerOptions options;
  options.field_selector = "metadata.name=" + description_.name;
  node_ = std::make_unique<api::Informer>(executor_, client_, api::kNodes, options);
  const auto look = [this](const api::ObjectPtr& node) {
    Json corrected = *node;
    const NodeChanges changes = update_node(corrected, wanted(), clock_.now());
    if ((!changes.object && !changes.status) || trying_ || stopping_) return;
    trying_ = true;
    tasks_.spawn(keep_trying());
  };
  api::InformerHandlers handlers;
  handlers.added = look;
  handlers.updated = [look](const api::ObjectPtr&, const api::ObjectPtr& node) { look(node); };
  node_->add_handlers(std::move(handlers));
  node_->start();
}

Task<void> NodeRegistration::keep_trying() {
  for (unsigned failures = 0; !stopping_; ++failures) {
    const bool registered = co_await try_to_register();
    if (registered) break;
    const auto next_try = std::chrono::steady_clock::now() +
                          api::exponential_delay(kRegistrationBaseDelay, kRegistrationMaxDelay, failures);
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
    if (present_) co_return true;
    api::WriteOptions options;
    options.field_manager = "kubelet";
    Json made = wanted();
    node = co_await client_.create(api::kNodes, "", std::move(made), options);
    if (node) co_return true;
  }
  if (!node) {
    spdlog::warn("register node {}: {}", description_.name, node.error().message);
    co_return false;
  }
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
  if (recorder_ != nullptr && !api::is_condition_true(*node, "Ready")) {
    api::Happening ready;
    ready.object = api::reference_to(**written);
    ready.object.uid = description_.name;  // as kubelets have it, and as `kubectl describe node` looks for it
    ready.reason = "NodeReady";
    ready.message = "Node " + description_.name + " status is now: NodeReady";
    recorder_->record(std::move(ready));
  }
  co_return true;
}

}  // namespace skiff::nodeagent

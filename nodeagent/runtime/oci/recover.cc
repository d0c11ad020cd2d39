#include "api/base/files.h"
#include "api/base/log.h"
#include "nodeagent/network/namespace.h"
#include "nodeagent/runtime/oci/operations.h"

#include <set>

// Operations' first step after a start: from what the records say and what the kernel has, to what is.
namespace skiff::nodeagent::oci {

namespace {

// What cannot be removed keeps its record, and the next start sees it again; it keeps nobody from starting.
bool is_gone(const char* what, const std::string& id, const Result<void>& removed) {
  if (!removed) spdlog::warn("oci: the {} {} cannot be removed: {}", what, id, removed.error().message);
  return removed.has_value();
}

std::vector<NetworkMember> network_members(const Found& found) {
  std::vector<NetworkMember> members;
  for (const SandboxRecord& sandbox : found.sandboxes) {
    if (sandbox.phase != SandboxPhase::kReady || sandbox.config.host_network) continue;
    members.push_back({sandbox.id, host_ports(sandbox)});
  }
  for (const std::string& id : found.stuck_sandboxes) members.push_back({id, {}});
  return members;
}

}  // namespace

Result<Found> Operations::recover() {
  // A reboot ends every container; what the runtime knew of them must not be taken for the present.
  for (const std::string& boot : list_directory(layout_.states())) {
    const std::string path = layout_.states() + "/" + boot;
    if (path != layout_.state()) static_cast<void>(is_gone("state of the earlier boot", boot, remove_tree(path)));
  }
  Found found;
  recover_sandboxes(found);
  recover_containers(found);
  if (auto recovered = network_->recover(network_members(found)); !recovered) return recovered.error();
  return found;
}

void Operations::recover_sandboxes(Found& found) {
  auto loaded = load_sandboxes(layout_);
  for (const std::string& id : loaded.broken) {
    SandboxRecord& unreadable = loaded.records.emplace_back();
    unreadable.id = id;
  }
  std::set<std::string> known;
  for (SandboxRecord& record : loaded.records) {
    if (record.phase == SandboxPhase::kCreating) {
      spdlog::info("oci: removing the half-made sandbox {}", record.id);
      if (is_gone("sandbox", record.id, destroy_sandbox(record))) continue;
      known.insert(record.id);
      found.stuck_sandboxes.push_back(record.id);
      continue;
    }
    known.insert(record.id);
    found.sandboxes.push_back(std::move(record));
  }
  for (const std::string& id : list_directory(layout_.namespaces())) {
    if (known.contains(id)) continue;
    static_cast<void>(is_gone("network namespace", id, remove_network_namespace(layout_.network_namespace(id))));
  }
}

void Operations::recover_containers(Found& found) {
  std::set<std::string> sandboxes;
  for (const SandboxRecord& sandbox : found.sandboxes) sandboxes.insert(sandbox.id);
  auto loaded = load_containers(layout_);
  for (const std::string& id : loaded.broken) {
    ContainerRecord& unreadable = loaded.records.emplace_back();
    unreadable.status.id = id;
  }
  for (ContainerRecord& record : loaded.records) {
    if (sandboxes.contains(record.status.sandbox_id) && adopt_container(record)) {
      found.containers.push_back(std::move(record));
      continue;
    }
    spdlog::info("oci: removing container {}, which was never started", record.status.id);
    static_cast<void>(is_gone("container", record.status.id, destroy_container(record)));
  }
}

bool Operations::adopt_container(ContainerRecord& record) {
  const std::string& id = record.status.id;
  const bool has_ended = path_exists(layout_.exit_file(id));
  if (record.phase == ContainerPhase::kCreating || record.phase == ContainerPhase::kCreated) return false;
  if (record.phase == ContainerPhase::kStarting && !has_ended) {
    // The last agent ended between asking for the start and noting it.
    auto state = command_.state(id);
    if (!state && state.error().code != ErrorCode::kNotFound) {
      spdlog::warn("oci: whether the container {} was started is not known: {}", id, state.error().message);
    }
    if (!state || *state == "created") return false;
    record.phase = ContainerPhase::kRunning;
    if (auto saved = save(layout_, record); !saved) spdlog::warn("oci: {}", saved.error().message);
  }
  if (!has_ended && record.supervisor.open()) {
    record.status.state = ContainerState::kRunning;
  } else {
    finish_container(record);
  }
  return true;
}

}  // namespace skiff::nodeagent::oci

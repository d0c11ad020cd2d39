#include "api/base/files.h"
#include "api/base/log.h"
#include "nodeagent/network/namespace.h"
#include "nodeagent/runtime/oci/operations.h"

#include <set>

// Operations' first step after a start: from what the records say and what the kernel has, to what is.
namespace skiff::nodeagent::oci {

namespace {

std::vector<NetworkMember> network_members(const std::vector<SandboxRecord>& sandboxes) {
  std::vector<NetworkMember> members;
  for (const SandboxRecord& sandbox : sandboxes) {
    if (sandbox.phase != SandboxPhase::kReady || sandbox.config.host_network) continue;
    members.push_back({sandbox.id, host_ports(sandbox)});
  }
  return members;
}

}  // namespace

Result<Found> Operations::recover() {
  // A reboot ends every container; what the runtime knew of them must not be taken for the present.
  for (const std::string& boot : list_directory(layout_.states())) {
    const std::string path = layout_.states() + "/" + boot;
    if (path == layout_.state()) continue;
    if (auto removed = remove_tree(path); !removed) return removed.error();
  }
  Found found;
  if (auto recovered = recover_sandboxes(found); !recovered) return recovered.error();
  if (auto recovered = recover_containers(found); !recovered) return recovered.error();
  if (auto recovered = network_->recover(network_members(found.sandboxes)); !recovered) return recovered.error();
  return found;
}

Result<void> Operations::recover_sandboxes(Found& found) {
  auto loaded = load_sandboxes(layout_);
  for (const std::string& id : loaded.broken) {
    SandboxRecord& unreadable = loaded.records.emplace_back();
    unreadable.id = id;
  }
  std::set<std::string> known;
  for (SandboxRecord& record : loaded.records) {
    if (record.phase == SandboxPhase::kCreating) {
      spdlog::info("oci: removing the half-made sandbox {}", record.id);
      if (auto destroyed = destroy_sandbox(record); !destroyed) return destroyed;
      continue;
    }
    known.insert(record.id);
    found.sandboxes.push_back(std::move(record));
  }
  for (const std::string& id : list_directory(layout_.namespaces())) {
    if (known.contains(id)) continue;
    if (auto removed = remove_network_namespace(layout_.network_namespace(id)); !removed) return removed;
  }
  return {};
}

Result<void> Operations::recover_containers(Found& found) {
  std::set<std::string> sandboxes;
  for (const SandboxRecord& sandbox : found.sandboxes) sandboxes.insert(sandbox.id);
  auto loaded = load_containers(layout_);
  for (const std::string& id : loaded.broken) {
    ContainerRecord& unreadable = loaded.records.emplace_back();
    unreadable.status.id = id;
  }
  for (ContainerRecord& record : loaded.records) {
    bool adopted = false;
    if (sandboxes.contains(record.status.sandbox_id)) {
      auto started = adopt_container(record);
      if (!started) return started.error();
      adopted = *started;
    }
    if (adopted) {
      found.containers.push_back(std::move(record));
      continue;
    }
    spdlog::info("oci: removing container {}, which was never started", record.status.id);
    if (auto destroyed = destroy_container(record); !destroyed) return destroyed;
  }
  return {};
}

Result<bool> Operations::adopt_container(ContainerRecord& record) {
  const std::string& id = record.status.id;
  const bool has_ended = path_exists(layout_.exit_file(id));
  if (record.phase == ContainerPhase::kCreating || record.phase == ContainerPhase::kCreated) return false;
  if (record.phase == ContainerPhase::kStarting && !has_ended) {
    // The last agent ended between asking for the start and noting it.
    auto state = command_.state(id);
    if (!state && state.error().code != ErrorCode::kNotFound) return state.error();
    if (!state || *state == "created") return false;
    record.phase = ContainerPhase::kRunning;
    if (auto saved = save(layout_, record); !saved) return saved.error();
  }
  if (!has_ended && record.supervisor.open()) {
    record.status.state = ContainerState::kRunning;
  } else {
    finish_container(record);
  }
  return true;
}

}  // namespace skiff::nodeagent::oci

#include "nodeagent/runtime/oci/records.h"

#include "api/base/files.h"
#include "api/base/json.h"
#include "nodeagent/process.h"

namespace skiff::nodeagent::oci {

namespace {

constexpr std::string_view kRecordFile = "/record.json";

Json to_json(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"startTime", process.start_time}, {"boot", process.boot_id}};
}

ProcessIdentity process_from(const Json& document) {
  ProcessIdentity process;
  process.pid = static_cast<int>(integer_at(document, {"pid"}));
  process.start_time = static_cast<unsigned long long>(integer_at(document, {"startTime"}));
  process.boot_id = string_at(document, {"boot"});
  return process;
}

// Nanoseconds since the epoch; 0 for "never".
std::int64_t to_number(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}
TimePoint time_from(std::int64_t nanoseconds) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(std::chrono::nanoseconds(nanoseconds)));
}

ProcessIdentity process_at(const Json& document, std::string_view name) {
  const Json* found = find(document, {name});
  return found != nullptr ? process_from(*found) : ProcessIdentity{};
}

Json to_json(const SandboxRecord& record) {
  const SandboxConfig& config = record.config;
  Json ports = Json::array();
  for (const auto& port : config.port_mappings) {
    ports.push_back({{"protocol", port.protocol},
                     {"containerPort", port.container_port},
                     {"hostPort", port.host_port},
                     {"hostIP", port.host_ip}});
  }
  return {{"id", record.id},
          {"podUID", config.key.pod_uid},
          {"podNamespace", config.key.pod_namespace},
          {"podName", config.key.pod_name},
          {"attempt", config.key.attempt},
          {"hostname", config.hostname},
          {"logDirectory", config.log_directory},
          {"cgroupParent", config.cgroup.path},
          {"classShares", config.cgroup.class_cpu_shares},
          {"hostNetwork", config.host_network},
          {"hostPID", config.host_pid},
          {"hostIPC", config.host_ipc},
          {"shareProcessNamespace", config.share_process_namespace},
          {"sysctls", config.sysctls},
          {"ports", std::move(ports)},
          {"phase", static_cast<int>(record.phase)},
          {"ip", record.ip},
          {"createdAt", to_number(record.created_at)},
          {"pause", to_json(record.pause)}};
}

SandboxRecord sandbox_from(const Json& document) {
  SandboxRecord record;
  record.id = string_at(document, {"id"});
  SandboxConfig& config = record.config;
  config.key.pod_uid = string_at(document, {"podUID"});
  config.key.pod_namespace = string_at(document, {"podNamespace"});
  config.key.pod_name = string_at(document, {"podName"});
  config.key.attempt = static_cast<std::uint32_t>(integer_at(document, {"attempt"}));
  config.hostname = string_at(document, {"hostname"});
  config.log_directory = string_at(document, {"logDirectory"});
  config.cgroup.path = string_at(document, {"cgroupParent"});
  config.cgroup.class_cpu_shares = integer_at(document, {"classShares"});
  config.host_network = bool_at(document, {"hostNetwork"});
  config.host_pid = bool_at(document, {"hostPID"});
  config.host_ipc = bool_at(document, {"hostIPC"});
  config.share_process_namespace = bool_at(document, {"shareProcessNamespace"});
  if (const Json* sysctls = find(document, {"sysctls"})) {
    for (const auto& [name, value] : sysctls->items())
      config.sysctls[name] = value.is_string() ? value.get<std::string>() : "";
  }
  if (const Json* ports = find(document, {"ports"})) {
    for (const Json& port : *ports) {
      config.port_mappings.push_back(
          {string_at(port, {"protocol"}), static_cast<std::uint16_t>(integer_at(port, {"containerPort"})),
           static_cast<std::uint16_t>(integer_at(port, {"hostPort"})), string_at(port, {"hostIP"})});
    }
  }
  record.phase = static_cast<SandboxPhase>(integer_at(document, {"phase"}));
  record.ip = string_at(document, {"ip"});
  record.created_at = time_from(integer_at(document, {"createdAt"}));
  record.pause = process_at(document, "pause");
  return record;
}

Json to_json(const ContainerRecord& record) {
  const ContainerStatus& status = record.status;
  return {{"id", status.id},
          {"sandbox", status.sandbox_id},
          {"name", status.name},
          {"attempt", status.attempt},
          {"createdAt", to_number(status.created_at)},
          {"startedAt", to_number(status.started_at)},
          {"image", status.image_reference},
          {"imageID", status.image_id},
          {"logPath", status.log_path},
          {"phase", static_cast<int>(record.phase)},
          {"cgroup", record.cgroup},
          {"stopSignal", record.stop_signal},
          {"ownPIDNamespace", record.own_pid_namespace},
          {"process", to_json(record.process)},
          {"supervisor", to_json(record.supervisor)}};
}

ContainerRecord container_from(const Json& document) {
  ContainerRecord record;
  ContainerStatus& status = record.status;
  status.id = string_at(document, {"id"});
  status.sandbox_id = string_at(document, {"sandbox"});
  status.name = string_at(document, {"name"});
  status.attempt = static_cast<std::uint32_t>(integer_at(document, {"attempt"}));
  status.created_at = time_from(integer_at(document, {"createdAt"}));
  status.started_at = time_from(integer_at(document, {"startedAt"}));
  status.image_reference = string_at(document, {"image"});
  status.image_id = string_at(document, {"imageID"});
  status.log_path = string_at(document, {"logPath"});
  record.phase = static_cast<ContainerPhase>(integer_at(document, {"phase"}));
  record.cgroup = string_at(document, {"cgroup"});
  record.stop_signal = string_at(document, {"stopSignal"}, "SIGTERM");
  record.own_pid_namespace = bool_at(document, {"ownPIDNamespace"}, true);
  record.process = process_at(document, "process");
  record.supervisor = process_at(document, "supervisor");
  status.pid = record.process.pid;
  return record;
}

Result<void> write_record(const std::string& directory, const Json& document) {
  return write_file_atomically(directory + std::string(kRecordFile), to_json_text(document));
}

template <class Record>
Loaded<Record> load(const std::string& directory, Record (*from)(const Json&)) {
  Loaded<Record> loaded;
  for (const std::string& id : list_directory(directory)) {
    const auto text = read_file(directory + "/" + id + std::string(kRecordFile));
    const auto document = text ? parse_json(*text) : Result<ParsedJson>(text.error());
    if (!document || string_at(document->value, {"id"}) != id) {
      loaded.broken.push_back(id);
    } else {
      loaded.records.push_back(from(document->value));
    }
  }
  return loaded;
}

}  // namespace

ProcessIdentity ProcessIdentity::of(int pid) { return {pid, process_start_time(pid), oci::boot_id()}; }

Result<UniqueFd> ProcessIdentity::open() const {
  const Error gone{ErrorCode::kNotFound, "process " + std::to_string(pid) + " has ended"};
  if (pid <= 0 || start_time == 0 || boot_id != oci::boot_id()) return gone;
  auto pidfd = open_pidfd(pid);
  if (!pidfd) return pidfd.error();
  // After pidfd_open: the descriptor cannot change its meaning any more.
  if (process_start_time(pid) != start_time) return gone;
  return pidfd;
}

const std::string& boot_id() {
  static const std::string id = [] {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? text->substr(0, text->find('\n')) : std::string("unknown");
  }();
  return id;
}

Result<void> save(const Layout& layout, const SandboxRecord& record) {
  return write_record(layout.sandbox(record.id), to_json(record));
}
Result<void> save(const Layout& layout, const ContainerRecord& record) {
  return write_record(layout.container(record.status.id), to_json(record));
}

Loaded<SandboxRecord> load_sandboxes(const Layout& layout) { return load(layout.sandboxes(), sandbox_from); }
Loaded<ContainerRecord> load_containers(const Layout& layout) { return load(layout.containers(), container_from); }

}  // namespace skiff::nodeagent::oci

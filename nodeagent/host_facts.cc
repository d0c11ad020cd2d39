#include "nodeagent/host_facts.h"

#include "api/base/files.h"
#include "nodeagent/disk_space.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <sstream>

namespace skiff::nodeagent {

namespace {

std::string first_line(const std::string& path) {
  const auto text = read_file(path);
  return text ? text->substr(0, text->find('\n')) : "";
}

std::string os_image() {
  const auto text = read_file("/etc/os-release");
  std::istringstream lines(text ? *text : "");
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    std::string name = line.substr(kKey.size());
    std::erase(name, '"');
    return name;
  }
  return "";
}

std::string go_architecture(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

NodeCapacity host_capacity(const std::string& data_directory) {
  NodeCapacity capacity;
  capacity.cpu_milli = 1000 * ::sysconf(_SC_NPROCESSORS_ONLN);
  capacity.memory_bytes = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  if (const auto disk = measure_disk_space(data_directory)) {
    capacity.ephemeral_storage_bytes = static_cast<std::int64_t>(disk->capacity_bytes);
  }
  return capacity;
}

}  // namespace

HostFacts read_host_facts(const std::string& data_directory) {
  HostFacts facts;
  utsname names{};
  ::uname(&names);
  facts.os_image = os_image();
  facts.kernel_version = names.release;
  facts.architecture = go_architecture(names.machine);
  facts.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  facts.machine_id = first_line("/etc/machine-id");
  facts.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  if (facts.system_uuid.empty()) facts.system_uuid = facts.machine_id;
  facts.capacity = host_capacity(data_directory);
  return facts;
}

}  // namespace skiff::nodeagent

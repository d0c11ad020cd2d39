#include "test/nodeagent/host_support.h"

#include "nodeagent/network/links.h"
#include "nodeagent/process.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

namespace skiff::nodeagent::test {

HostNamespace::HostNamespace() : original_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  REQUIRE(::unshare(CLONE_NEWNET) == 0);
  auto socket = NetlinkSocket::open();
  REQUIRE(socket);
  REQUIRE(set_up(*socket, 1));
}

HostNamespace::~HostNamespace() {
  if (::setns(original_.get(), CLONE_NEWNET) != 0) std::abort();
}

int shell(const std::string& command, std::string* output) {
  ProcessOptions process;
  process.arguments = {"/bin/sh", "-c", command};
  process.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  process.merge_output = true;
  auto result = run_process(process);
  REQUIRE(result);
  if (output != nullptr) *output = result->output;
  return result->exit_code;
}

bool must_skip(const std::vector<std::string>& programs) {
  if (::geteuid() != 0) {
    WARN("SKIPPED: this test needs root");
    return true;
  }
  for (const std::string& program : programs) {
    if (!find_program(program).empty()) continue;
    WARN("SKIPPED: the program " << program << " is missing");
    return true;
  }
  return false;
}

}  // namespace skiff::nodeagent::test

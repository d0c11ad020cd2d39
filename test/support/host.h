#pragma once

#include "api/base/fd.h"
#include "nodeagent/network/links.h"
#include "nodeagent/process.h"
#include "test/support/pch.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

// What tests that touch the kernel need: a network of their own, and a visible way to be skipped.
namespace skiff::test {

// Puts the calling thread, and those that it starts from now on, into a new network namespace with "lo" up; puts the
// calling thread back at the end. The machine's own interfaces stay untouched.
class HostNamespace {
 public:
  HostNamespace() : original_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);
    auto socket = nodeagent::NetlinkSocket::open();
    REQUIRE(socket);
    REQUIRE(nodeagent::set_up(*socket, 1));
  }
  ~HostNamespace() {
    if (::setns(original_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  HostNamespace(const HostNamespace&) = delete;
  HostNamespace& operator=(const HostNamespace&) = delete;

 private:
  UniqueFd original_;
};

// Runs a shell command in the present namespaces; its exit code, and what it said when `output` is given.
inline int shell(const std::string& command, std::string* output = nullptr) {
  nodeagent::ProcessOptions process;
  process.arguments = {"/bin/sh", "-c", command};
  process.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  process.merge_output = true;
  auto result = nodeagent::run_process(process);
  REQUIRE(result);
  if (output != nullptr) *output = result->output;
  return result->exit_code;
}

// True, with a warning in the test's report, when a test that needs root and these programs cannot run here.
[[nodiscard]] inline bool must_skip(const std::vector<std::string>& programs) {
  if (::geteuid() != 0) {
    WARN("SKIPPED: this test needs root");
    return true;
  }
  for (const std::string& program : programs) {
    if (!nodeagent::find_program(program).empty()) continue;
    WARN("SKIPPED: the program " << program << " is missing");
    return true;
  }
  return false;
}

}  // namespace skiff::test

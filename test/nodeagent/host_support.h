#pragma once

#include "nodeagent/fd.h"

#include <string>
#include <vector>

// What tests that touch the kernel need: a network of their own, a directory, and a visible way to be skipped.
namespace skiff::nodeagent::test {

// Puts the calling thread, and those that it starts from now on, into a new network namespace with "lo" up; puts the
// calling thread back at the end. The machine's own interfaces stay untouched.
class HostNamespace {
 public:
  HostNamespace();
  ~HostNamespace();
  HostNamespace(const HostNamespace&) = delete;
  HostNamespace& operator=(const HostNamespace&) = delete;

 private:
  UniqueFd original_;
};

// Runs a shell command in the present namespaces; its exit code, and what it said when `output` is given.
int shell(const std::string& command, std::string* output = nullptr);

// True, with a warning in the test's report, when a test that needs root and these programs cannot run here.
[[nodiscard]] bool must_skip(const std::vector<std::string>& programs);

}  // namespace skiff::nodeagent::test

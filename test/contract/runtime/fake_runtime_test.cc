#include "nodeagent/runtime/fake/fake_runtime.h"

#include "test/contract/runtime/harness.h"

namespace skiff::nodeagent::testing {

namespace {

// The simulated machine outlives its agents: so does the runtime, which lets go of them in detach().
class FakeHarness final : public RuntimeHarness {
 public:
  Runtime& runtime() override { return runtime_; }
  void restart() override { run(runtime_.detach()); }
  ContainerConfig endless_container(const std::string& name) override { return container(name, {"/simulated"}); }
  ContainerConfig ending_container(const std::string& name, int exit_code) override {
    return container(name, {"exit", std::to_string(exit_code)});
  }
  SandboxConfig sandbox(const std::string& pod_name) override {
    SandboxConfig config;
    config.key = SandboxKey{"uid-" + pod_name, "default", pod_name, 0};
    return config;
  }
  void kill_container(const std::string& container_id) override { runtime_.exit_container(container_id, 137); }

 private:
  static ContainerConfig container(const std::string& name, std::vector<std::string> arguments) {
    ContainerConfig config;
    config.name = name;
    config.arguments = std::move(arguments);
    return config;
  }

  SystemClock clock_;
  FakeAddresses addresses_;
  FakeRuntime runtime_{addresses_, clock_, FakeRuntime::Options()};
};

}  // namespace

TEST_CASE("The fake runtime keeps the runtime contract") {
  check_runtime([] { return std::make_unique<FakeHarness>(); });
}

}  // namespace skiff::nodeagent::testing

#pragma once

#include "api/base/files.h"
#include "api/base/ids.h"
#include "nodeagent/runtime/oci/oci_runtime.h"
#include "test/contract/runtime/harness.h"
#include "test/support/host.h"
#include "test/support/temp_dir.h"

#include <signal.h>
#include <sys/stat.h>

#include <memory>
#include <string>

namespace skiff::nodeagent::testing {

// Real containers from Debian's busybox-static, in a network namespace of the test's own. At its end it removes
// everything, and requires that nothing is left.
class OciHarness final : public RuntimeHarness {
 public:
  explicit OciHarness(const std::string& oci_runtime = "crun") {
    make_layer();
    options_.runtimes = {oci_runtime};
    options_.data_directory = directory_ / "data";
    options_.cgroup_root = "skiff-test-" + random_hex(4);
    options_.executor = context_.get_executor();
    options_.pool = pool_.get();
    restart();
  }
  ~OciHarness() override {
    stop();
    pool_->join();
    const auto cleaned = clean(options_);
    CHECK(cleaned);
    CHECK(leftovers() == "");
  }

  [[nodiscard]] Runtime& runtime() override { return *runtime_; }
  void restart() override {
    stop();
    auto opened = OciRuntime::open(options_);
    REQUIRE(opened);
    runtime_ = std::move(*opened);
  }
  // Lets go of everything, as an agent that ends does.
  void stop() {
    if (runtime_) run(runtime_->detach());
    runtime_.reset();
  }
  // For a forked child: makes and removes pods over and over with a runtime of its own.
  void run_pods_until_killed() {
    asio::thread_pool pool(2);
    options_.pool = &pool;
    restart();
    REQUIRE(run(runtime_->recover()));
    for (int round = 0;; ++round) {
      const std::string first = start_sandbox(sandbox("first-" + std::to_string(round)));
      static_cast<void>(start_container(first, endless_container("main")));
      static_cast<void>(start_container(first, ending_container("job", 0)));
      REQUIRE(run(runtime_->remove_sandbox(first)));
    }
  }
  void wait_for_first_record() {
    while (list_directory(options_.data_directory + "/runtime/sandboxes").empty()) std::this_thread::yield();
  }
  [[nodiscard]] const OciOptions& options() const { return options_; }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] std::string log_path(const std::string& name) const { return directory_ / ("logs/" + name + ".log"); }

  // A container that runs a shell script.
  [[nodiscard]] ContainerConfig script(const std::string& name, const std::string& text) {
    ContainerConfig config;
    config.name = name;
    config.image.id = "sha256:busybox";
    config.image.layer_directories = {directory_ / "layer"};
    config.image_reference = "busybox:test";
    config.arguments = {"/bin/sh", "-c", text};
    config.environment = {{"PATH", "/bin"}};
    config.log_path = log_path(name);
    return config;
  }
  [[nodiscard]] ContainerConfig endless_container(const std::string& name) override {
    ContainerConfig config = script(name, "");
    config.arguments = {"/bin/sleep", "1000"};
    return config;
  }
  [[nodiscard]] ContainerConfig ending_container(const std::string& name, int exit_code) override {
    return script(name, "exit " + std::to_string(exit_code));
  }
  [[nodiscard]] SandboxConfig sandbox(const std::string& pod_name) override {
    SandboxConfig config;
    config.key.pod_uid = new_uuid();
    config.key.pod_namespace = "default";
    config.key.pod_name = pod_name;
    config.hostname = pod_name;
    config.log_directory = directory_ / "logs";
    config.cgroup.path = "besteffort/pod" + config.key.pod_uid;
    return config;
  }
  void kill_container(const std::string& container_id) override {
    const auto record = oci::load_containers(oci::Layout(options_.data_directory, oci::boot_id()));
    for (const auto& container : record.records) {
      if (container.status.id == container_id) REQUIRE(::kill(container.process.pid, SIGKILL) == 0);
    }
  }

  // A running sandbox, and a container in it that has been started.
  [[nodiscard]] std::string start_sandbox(const SandboxConfig& config) {
    auto made = run(runtime_->run_sandbox(config));
    REQUIRE(made);
    return made->id;
  }
  [[nodiscard]] std::string start_container(const std::string& sandbox_id, const ContainerConfig& config) {
    auto id = run(runtime_->create_container(sandbox_id, config));
    REQUIRE(id);
    REQUIRE(run(runtime_->start_container(*id)));
    return *id;
  }
  ContainerStatus wait_until_exited(const std::string& id) {
    run_until([&] { return runtime_->container_status(id)->state == ContainerState::kExited; });
    return *runtime_->container_status(id);
  }
  // Runs a script to its end in a sandbox of its own; what it wrote.
  [[nodiscard]] std::string output_of(const std::string& text) {
    const std::string sandbox_id = start_sandbox(sandbox("scripts"));
    const std::string output = output_of(sandbox_id, script("script", text));
    REQUIRE(run(runtime_->remove_sandbox(sandbox_id)));
    return output;
  }
  [[nodiscard]] std::string output_of(const std::string& sandbox_id, ContainerConfig config) {
    config.log_path = log_path(config.name + "-" + random_hex(4));
    const std::string id = start_container(sandbox_id, config);
    wait_until_exited(id);
    return log_text(config.log_path);
  }
  // The log without the CRI's times, streams and tags.
  [[nodiscard]] static std::string log_text(const std::string& log_path) {
    const auto log = read_file(log_path);
    REQUIRE(log);
    std::string text;
    for (std::size_t start = 0; start < log->size();) {
      const std::size_t end = std::min(log->find('\n', start), log->size());
      std::size_t content = start;
      for (int field = 0; field < 3; ++field) content = log->find(' ', content) + 1;
      // A line marked P goes on in the next one; F (before the blank in front of the content) ends it.
      text += log->substr(content, end - content) + ((*log)[content - 2] == 'P' ? "" : "\n");
      start = end + 1;
    }
    return text;
  }

  // Those with the data directory on their command line.
  [[nodiscard]] std::string processes() const {
    std::string found;
    for (const std::string& process : list_directory("/proc")) {
      const auto arguments = read_file("/proc/" + process + "/cmdline");
      if (arguments && arguments->find(options_.data_directory) != std::string::npos)
        found += "process " + process + "\n";
    }
    return found;
  }
  // Mounts, processes, interfaces and cgroups that are still there, for a message; empty when there are none.
  [[nodiscard]] std::string leftovers() const {
    std::string found;
    skiff::test::shell("grep -F " + directory_.path() +
                           " /proc/self/mountinfo; find /sys/fs/cgroup -ignore_readdir_race -name '" +
                           options_.cgroup_root +
                           "' 2>/dev/null; ip -o link | grep -E 'skiff0|skf'; nft list tables | grep skiff; ls -A " +
                           options_.data_directory,
                       &found);
    found += processes();
    return found;
  }

 private:
  void make_layer() {
    std::string output;
    const int failed =
        skiff::test::shell("cd " + directory_.path() +
                               " && mkdir -p data logs layer/bin layer/etc layer/tmp && cp /bin/busybox layer/bin && " +
                               "for p in sh sleep cat echo true id ps kill hostname mount ls wget httpd env head grep "
                               "ip touch test seq dd pwd stat; do "
                               "ln -s busybox layer/bin/$p; done && chmod 1777 layer/tmp && echo "
                               "root:x:0:0:root:/:/bin/sh > layer/etc/passwd",
                           &output);
    INFO(output);
    REQUIRE(failed == 0);
  }

  skiff::test::TempDir directory_;
  skiff::test::HostNamespace namespace_;
  std::unique_ptr<asio::thread_pool> pool_ = std::make_unique<asio::thread_pool>(4);
  OciOptions options_;
  std::unique_ptr<OciRuntime> runtime_;
};

}  // namespace skiff::nodeagent::testing

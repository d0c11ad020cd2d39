#include "nodeagent/runtime/oci/spec.h"
#include "test/support/pch.h"

namespace skiff::nodeagent::oci {

namespace {

HostLimits limits_of_an_agent_without_sys_resource() {
  HostLimits limits;
  limits.capabilities = {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"};
  limits.minimum_oom_score_adj = 0;
  return limits;
}

const Json* namespace_of(const Json& spec, const std::string& type) {
  for (const Json& entry : *find(spec, {"linux", "namespaces"})) {
    if (string_at(entry, {"type"}) == type) return &entry;
  }
  return nullptr;
}

std::vector<std::string> destinations(const Json& spec) {
  std::vector<std::string> result;
  for (const Json& mount : spec.at("mounts")) result.push_back(string_at(mount, {"destination"}));
  return result;
}

}  // namespace

TEST_CASE("Capabilities are the default set, changed as asked, within what the agent has") {
  struct Row {
    const char* name;
    std::vector<std::string> add;
    std::vector<std::string> drop;
    bool privileged;
    std::vector<std::string> expected;
  };
  const std::vector<Row> rows = {
      {"default", {}, {}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"}},
      {"add", {"NET_ADMIN"}, {}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW"}},
      {"add with prefix", {"CAP_NET_ADMIN"}, {}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW"}},
      {"add what the agent lacks", {"SYS_RESOURCE"}, {}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"}},
      {"drop", {}, {"NET_RAW"}, false, {"CAP_CHOWN", "CAP_KILL"}},
      {"drop all", {}, {"ALL"}, false, {}},
      {"drop all, add one", {"KILL"}, {"ALL"}, false, {"CAP_KILL"}},
      {"add all", {"ALL"}, {}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"}},
      {"add all, drop one", {"ALL"}, {"SYS_ADMIN"}, false, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW"}},
      {"privileged", {}, {"ALL"}, true, {"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    SecurityConfig security;
    security.add_capabilities = row.add;
    security.drop_capabilities = row.drop;
    security.privileged = row.privileged;
    CHECK(effective_capabilities(limits_of_an_agent_without_sys_resource(), security) == row.expected);
  }
}

TEST_CASE("config.json says what the pod asks for") {
  const Layout layout("/data", "boot");
  const CgroupHost cgroups;
  const HostLimits limits = limits_of_an_agent_without_sys_resource();
  const SpecContext context{layout, cgroups, limits};
  SandboxRecord sandbox;
  sandbox.id = "s1";
  sandbox.config.hostname = "web-0";
  sandbox.pause.pid = 42;
  ContainerRecord container;
  container.cgroup = "/skiff/pod/c1";
  ContainerConfig config;
  config.arguments = {"/bin/app"};

  SECTION("a pod's namespaces") {
    const Json spec = container_spec(context, sandbox, container, config);
    CHECK(string_at(*namespace_of(spec, "network"), {"path"}) == "/data/runtime/netns/s1");
    CHECK(string_at(*namespace_of(spec, "ipc"), {"path"}) == "/proc/42/ns/ipc");
    CHECK(string_at(*namespace_of(spec, "uts"), {"path"}) == "/proc/42/ns/uts");
    CHECK(find(*namespace_of(spec, "pid"), {"path"}) == nullptr);
    const Json pause = pause_spec(context, sandbox, "/skiff/pod/s1");
    CHECK(find(*namespace_of(pause, "ipc"), {"path"}) == nullptr);
    CHECK(string_at(pause, {"hostname"}) == "web-0");
  }
  SECTION("shared process namespace") {
    sandbox.config.share_process_namespace = true;
    const Json spec = container_spec(context, sandbox, container, config);
    CHECK(string_at(*namespace_of(spec, "pid"), {"path"}) == "/proc/42/ns/pid");
    CHECK(find(*namespace_of(pause_spec(context, sandbox, ""), "pid"), {"path"}) == nullptr);
  }
  SECTION("the process namespace of another container, whatever the pod's is") {
    for (const bool shared : {false, true}) {
      sandbox.config.share_process_namespace = shared;
      const Json spec = container_spec(context, sandbox, container, config, 77);
      CHECK(string_at(*namespace_of(spec, "pid"), {"path"}) == "/proc/77/ns/pid");
      CHECK(string_at(*namespace_of(spec, "ipc"), {"path"}) == "/proc/42/ns/ipc");
    }
  }
  SECTION("the host's namespaces") {
    sandbox.config.host_network = sandbox.config.host_pid = sandbox.config.host_ipc = true;
    for (const Json& spec : {container_spec(context, sandbox, container, config), pause_spec(context, sandbox, "")}) {
      for (const char* type : {"network", "uts", "ipc", "pid"}) CHECK(namespace_of(spec, type) == nullptr);
      CHECK(namespace_of(spec, "mount") != nullptr);
      CHECK(find(spec, {"hostname"}) == nullptr);
    }
  }
  SECTION("environment: as given, and a terminal's type") {
    config.environment = {{"PATH", "/bin"}, {"EXTRA", "a=b"}};
    const auto environment = [&] {
      return find(container_spec(context, sandbox, container, config), {"process", "env"})
          ->get<std::vector<std::string>>();
    };
    CHECK(environment() == std::vector<std::string>{"PATH=/bin", "EXTRA=a=b"});
    config.tty = true;
    CHECK(environment() == std::vector<std::string>{"TERM=xterm", "PATH=/bin", "EXTRA=a=b"});
    config.environment.emplace_back("TERM", "dumb");
    CHECK(environment() == std::vector<std::string>{"PATH=/bin", "EXTRA=a=b", "TERM=dumb"});
  }
  SECTION("mounts: the outer before the inner, on top of the system's") {
    config.mounts = {{"/h/1", "/a/b/c", false}, {"/h/2", "/a", true}, {"/h/3", "/dev/termination-log", false}};
    const Json spec = container_spec(context, sandbox, container, config);
    auto found = destinations(spec);
    found.erase(found.begin(), found.end() - 3);
    CHECK(found == std::vector<std::string>{"/a", "/dev/termination-log", "/a/b/c"});
    const Json& outer = spec.at("mounts")[spec.at("mounts").size() - 3];
    CHECK(outer.at("options").get<std::vector<std::string>>() == std::vector<std::string>{"rbind", "rprivate", "ro"});
  }
  SECTION("resources") {
    config.resources.cpu_shares = 256;
    config.resources.cpu_quota_us = 50000;
    config.resources.memory_limit_bytes = 64 << 20;
    config.resources.pids_limit = 100;
    config.oom_score_adj = -998;
    const Json spec = container_spec(context, sandbox, container, config);
    CHECK(integer_at(spec, {"linux", "resources", "cpu", "shares"}) == 256);
    CHECK(integer_at(spec, {"linux", "resources", "cpu", "quota"}) == 50000);
    CHECK(integer_at(spec, {"linux", "resources", "cpu", "period"}) == 100000);
    CHECK(integer_at(spec, {"linux", "resources", "memory", "limit"}) == 64 << 20);
    CHECK(find(spec, {"linux", "resources", "memory", "swap"}) == nullptr);  // this kernel does not count it
    CHECK(integer_at(spec, {"linux", "resources", "pids", "limit"}) == 100);
    CHECK(integer_at(spec, {"process", "oomScoreAdj"}) == 0);  // not lower than the agent may
    CHECK(string_at(spec, {"linux", "cgroupsPath"}) == "/skiff/pod/c1");
  }
  SECTION("privileged: nothing hidden") {
    config.security.privileged = true;
    config.security.seccomp_default = true;
    const Json spec = container_spec(context, sandbox, container, config);
    CHECK(find(spec, {"linux", "maskedPaths"}) == nullptr);
    CHECK(find(spec, {"linux", "readonlyPaths"}) == nullptr);
    CHECK(find(spec, {"linux", "seccomp"}) == nullptr);
  }
}

}  // namespace skiff::nodeagent::oci

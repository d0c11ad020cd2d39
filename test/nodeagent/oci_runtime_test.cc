#include "nodeagent/mounts.h"
#include "test/support/oci_harness.h"

#include <sys/wait.h>

#include <set>

namespace skiff::nodeagent::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool cannot_run() { return skiff::test::must_skip({"crun", "nft", "ip", "busybox"}); }

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Runs a command in the container until it succeeds, at most 5 s.
bool eventually(OciHarness& harness, const std::string& id, const std::string& command) {
  const std::string loop = "for i in $(seq 100); do " + command + " && exit 0; sleep 0.05; done; exit 1";
  const auto result = harness.run(harness.runtime().exec(id, {"/bin/sh", "-c", loop}, seconds(10)));
  return result && result->exit_code == 0;
}

}  // namespace

TEST_CASE("A container sees its own root file system, and logs in the CRI format") {
  if (cannot_run()) return;
  OciHarness harness;
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("pod-a"));
  SECTION("logs") {
    const auto config = harness.script("logger", "echo one; echo two >&2; printf partial");
    const auto id = harness.start_container(sandbox_id, config);
    harness.wait_until_exited(id);
    const std::string log = *read_file(config.log_path);
    CHECK(mentions(log, " stdout F one\n"));
    CHECK(mentions(log, " stderr F two\n"));
    CHECK(mentions(log, " stdout P partial"));
  }
  SECTION("writes stay in the container") {
    CHECK(harness.output_of(sandbox_id, harness.script("writer", "echo x > /new && cat /new")) == "x\n");
    CHECK(harness.output_of(sandbox_id, harness.script("reader", "ls /new 2>&1")) ==
          "ls: /new: No such file or directory\n");
    CHECK_FALSE(path_exists(harness.path("layer/new")));
  }
  SECTION("layers, the later over the earlier") {
    REQUIRE(make_directories(harness.path("upper/etc")));
    REQUIRE(write_file_atomically(harness.path("upper/etc/passwd"), "changed\n", 0644));
    auto config = harness.script("layers", "cat /etc/passwd; ls /tmp");
    config.image.layer_directories.push_back(harness.path("upper"));
    CHECK(harness.output_of(sandbox_id, config) == "changed\n");
  }
  SECTION("identity, limits of access and mounts") {
    auto config = harness.script("who", "id -u; id -g; id -G; hostname; pwd; grep CapEff /proc/self/status");
    config.security.uid = 1000;
    config.security.gid = 2000;
    config.security.supplemental_groups = {3000};
    config.working_directory = "/tmp";
    CHECK(harness.output_of(sandbox_id, config) == "1000\n2000\n2000 3000\npod-a\n/tmp\nCapEff:\t0000000000000000\n");
    CHECK(harness.output_of(sandbox_id,
                            harness.script("masked", "ls -A /sys/firmware; echo 1 > /proc/sys/kernel/hostname")) ==
          "/bin/sh: can't create /proc/sys/kernel/hostname: Read-only file system\n");
    auto read_only = harness.script("read-only", "touch /x 2>&1; touch /dev/shm/x && echo shm");
    read_only.security.read_only_root = true;
    CHECK(harness.output_of(sandbox_id, read_only) == "touch: /x: Read-only file system\nshm\n");
    auto caps = harness.script("caps", "grep CapEff /proc/self/status");
    caps.security.drop_capabilities = {"ALL"};
    caps.security.add_capabilities = {"KILL"};
    CHECK(harness.output_of(sandbox_id, caps) == "CapEff:\t0000000000000020\n");
  }
  SECTION("seccomp") {
    const std::string text = "mount -t tmpfs x /tmp 2>&1; grep Seccomp: /proc/self/status; sleep 0; echo alive";
    auto config = harness.script("seccomp", text);
    config.security.add_capabilities = {"SYS_ADMIN"};
    config.security.seccomp_default = true;
    CHECK(harness.output_of(sandbox_id, config) == "mount: permission denied (are you root?)\nSeccomp:\t2\nalive\n");
    config.security.seccomp_default = false;
    CHECK(harness.output_of(sandbox_id, config) == "Seccomp:\t0\nalive\n");
  }
  SECTION("volumes") {
    REQUIRE(make_directories(harness.path("volume")));
    REQUIRE(write_file_atomically(harness.path("hosts"), "127.0.0.1 localhost\n", 0644));
    auto config = harness.script("volumes", "cat /etc/hosts; echo hello > /data/file; echo no 2>&1 > /frozen/file");
    config.mounts = {{harness.path("hosts"), "/etc/hosts", false},
                     {harness.path("volume"), "/data", false},
                     {harness.path("volume"), "/frozen", true}};
    CHECK(harness.output_of(sandbox_id, config) ==
          "127.0.0.1 localhost\n/bin/sh: can't create /frozen/file: Read-only file system\n");
    CHECK(*read_file(harness.path("volume/file")) == "hello\n");
  }
  SECTION("a terminal") {
    auto config = harness.script("terminal", "test -t 1 && echo tty $TERM");
    config.tty = true;
    CHECK(harness.output_of(sandbox_id, config) == "tty xterm\r\n");
  }
}

TEST_CASE("Containers of a pod share its namespaces") {
  if (cannot_run()) return;
  OciHarness harness;
  SECTION("network, IPC and host name; not processes") {
    const std::string sandbox_id = harness.start_sandbox(harness.sandbox("shared"));
    const auto server = harness.start_container(
        sandbox_id,
        harness.script("server", "echo hi > /tmp/index.html; echo s > /dev/shm/x; exec httpd -f -p 8080 -h /tmp"));
    const auto client = harness.start_container(sandbox_id, harness.endless_container("client"));
    CHECK(eventually(harness, client, "wget -q -O - http://127.0.0.1:8080/ | grep hi"));
    const auto seen = harness.run(harness.runtime().exec(
        client, {"/bin/sh", "-c", "cat /dev/shm/x; hostname; ps | grep -c '[h]ttpd'"}, seconds(5)));
    REQUIRE(seen);
    CHECK(seen->output == "s\nshared\n0\n");
    static_cast<void>(server);
  }
  SECTION("processes too, when asked for; what is left ends with the container") {
    auto config = harness.sandbox("shared-pid");
    config.share_process_namespace = true;
    const std::string sandbox_id = harness.start_sandbox(config);
    const auto first = harness.start_container(sandbox_id, harness.script("first", "sleep 999 & exec sleep 1000"));
    const auto second = harness.start_container(sandbox_id, harness.endless_container("second"));
    CHECK(eventually(harness, second, "ps | grep -q '[s]leep 999'"));
    const auto pause = harness.run(harness.runtime().exec(second, {"/bin/ps"}, seconds(5)));
    REQUIRE(pause);
    CHECK(mentions(pause->output, "/pause"));
    REQUIRE(harness.run(harness.runtime().stop_container(first, seconds(0))));
    CHECK(eventually(harness, second, "! ps | grep -q '[s]leep 999'"));
  }
  SECTION("the host's network") {
    auto config = harness.sandbox("host-network");
    config.host_network = true;
    const std::string sandbox_id = harness.start_sandbox(config);
    CHECK(harness.runtime().sandbox_status(sandbox_id)->ip.empty());
    CHECK(mentions(harness.output_of(sandbox_id, harness.script("ip", "ip -o link")), "skiff0"));
  }
  SECTION("sysctls") {
    auto config = harness.sandbox("sysctls");
    config.sysctls["net.ipv4.ip_unprivileged_port_start"] = "80";
    const std::string sandbox_id = harness.start_sandbox(config);
    CHECK(harness.output_of(sandbox_id,
                            harness.script("sysctl", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start")) == "80\n");
  }
}

TEST_CASE("Containers are held to their resources") {
  if (cannot_run()) return;
  OciHarness harness;
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("limits"));
  SECTION("memory") {
    auto config = harness.script("eater", "x=$(dd if=/dev/zero bs=1M count=200 | tr '\\0' x)");
    config.arguments = {"/bin/busybox", "sh", "-c", "busybox tail -c 200000000 /dev/zero"};
    config.resources.memory_limit_bytes = 16 << 20;
    const auto id = harness.start_container(sandbox_id, config);
    const auto status = harness.wait_until_exited(id);
    CHECK(status.exit_code == 137);
    CHECK(status.oom_killed);
  }
  SECTION("processes") {
    auto config = harness.script("forker", "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo all");
    config.resources.pids_limit = 5;
    CHECK(mentions(harness.output_of(sandbox_id, config), "can't fork"));
  }
}

TEST_CASE("Containers of a pod are held to what it may use together") {
  if (cannot_run()) return;
  OciHarness harness;
  SandboxConfig config = harness.sandbox("together");
  config.cgroup.path = "burstable/pod" + config.key.pod_uid;
  config.cgroup.resources = {512, 150000, 100000, 32 << 20, 64};
  const std::string sandbox_id = harness.start_sandbox(config);
  // Of the cgroup host's version; the test runs where both exist beside each other, too.
  const auto setting = [&](const std::string& controller, const std::string& name, const std::string& file) {
    std::string text;
    const std::string below = harness.options().cgroup_root + "/" + name + "/" + file;
    skiff::test::shell("cd /sys/fs/cgroup; cat " + controller + "/" + below + " 2>/dev/null || cat " + below, &text);
    return text.substr(0, text.find('\n'));
  };
  const bool unified = oci::find_cgroups().unified;
  SECTION("as the kernel has it") {
    const std::string pod = config.cgroup.path;
    CHECK(setting("cpu", pod, unified ? "cpu.weight" : "cpu.shares") == (unified ? "20" : "512"));
    CHECK(setting("cpu", "burstable", unified ? "cpu.weight" : "cpu.shares") == (unified ? "20" : "512"));
    CHECK(setting("cpu", pod, unified ? "cpu.max" : "cpu.cfs_quota_us") == (unified ? "150000 100000" : "150000"));
    CHECK(setting("memory", pod, unified ? "memory.max" : "memory.limit_in_bytes") == std::to_string(32 << 20));
    CHECK(setting("pids", pod, "pids.max") == "64");
    REQUIRE(harness.run(harness.runtime().stop_sandbox(sandbox_id)));
    CHECK(setting("cpu", "burstable", unified ? "cpu.weight" : "cpu.shares") == (unified ? "1" : "2"));
    REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox_id)));
    std::string found;
    skiff::test::shell("find /sys/fs/cgroup -ignore_readdir_race -name pod" + config.key.pod_uid, &found);
    CHECK(found.empty());
  }
  SECTION("the one that takes the pod's memory is killed, and said to be") {
    const auto witness = harness.start_container(sandbox_id, harness.endless_container("witness"));
    auto eater = harness.script("eater", "");
    eater.arguments = {"/bin/busybox", "sh", "-c", "busybox tail -c 200000000 /dev/zero"};
    const auto status = harness.wait_until_exited(harness.start_container(sandbox_id, eater));
    CHECK(status.exit_code == 137);
    CHECK(status.oom_killed);
    REQUIRE(harness.run(harness.runtime().stop_container(witness, seconds(0))));
    CHECK_FALSE(harness.runtime().container_status(witness)->oom_killed);
  }
}

TEST_CASE("Stopping is asked for first, then done") {
  if (cannot_run()) return;
  OciHarness harness;
  Runtime& runtime = harness.runtime();
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("stopping"));
  const std::string ready = "touch /ready; while :; do sleep 0.05; done";
  SECTION("a container that listens") {
    const auto id = harness.start_container(sandbox_id, harness.script("polite", "trap 'exit 3' TERM; " + ready));
    REQUIRE(eventually(harness, id, "test -e /ready"));
    REQUIRE(harness.run(runtime.stop_container(id, seconds(20))));
    CHECK(runtime.container_status(id)->exit_code == 3);
  }
  SECTION("the image's stop signal") {
    auto config = harness.script("quitter", "trap 'exit 4' QUIT; " + ready);
    config.image.config.stop_signal = "SIGQUIT";
    const auto id = harness.start_container(sandbox_id, config);
    REQUIRE(eventually(harness, id, "test -e /ready"));
    REQUIRE(harness.run(runtime.stop_container(id, seconds(20))));
    CHECK(runtime.container_status(id)->exit_code == 4);
  }
  SECTION("a container that does not listen, and a second, impatient call") {
    const auto id = harness.start_container(sandbox_id, harness.script("stubborn", "trap '' TERM; " + ready));
    REQUIRE(eventually(harness, id, "test -e /ready"));
    REQUIRE(harness.run(runtime.stop_container(id, seconds(1))));
    CHECK(runtime.container_status(id)->exit_code == 137);
    const auto again = harness.start_container(sandbox_id, harness.script("stubborn", "trap '' TERM; " + ready));
    REQUIRE(eventually(harness, again, "test -e /ready"));
    std::optional<Result<void>> patient;
    asio::co_spawn(harness.options().executor, runtime.stop_container(again, seconds(60)),
                   [&](const std::exception_ptr&, Result<void> result) { patient.emplace(std::move(result)); });
    REQUIRE(harness.run(runtime.stop_container(again, seconds(0))));
    harness.run_until([&] { return patient.has_value(); });
    CHECK(*patient);
  }
}

TEST_CASE("Commands run in a container") {
  if (cannot_run()) return;
  OciHarness harness;
  Runtime& runtime = harness.runtime();
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("exec"));
  const auto id = harness.start_container(sandbox_id, harness.endless_container("main"));
  const auto exec = [&](const std::string& text, seconds timeout = seconds(10)) {
    return harness.run(runtime.exec(id, {"/bin/sh", "-c", text}, timeout));
  };
  const auto result = exec("echo out; echo err >&2; exit 9");
  REQUIRE(result);
  CHECK(result->exit_code == 9);
  CHECK(result->output == "out\nerr\n");
  CHECK(exec("head -c 100000 /dev/zero")->output.size() == 16 * 1024);
  const auto slow = exec("sleep 777", seconds(1));
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == ErrorCode::kDeadlineExceeded);
  CHECK(exec("ps | grep -c '[s]leep 777'")->output == "0\n");
  const auto missing = harness.run(runtime.exec(id, {"/no/such"}, seconds(5)));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kInvalid);
  CHECK(
      missing.error().message ==
      "OCI runtime exec failed: exec failed: unable to start container process: exec: \"/no/such\": stat /no/such: no "
      "such file or directory");
  REQUIRE(harness.run(runtime.stop_container(id, seconds(0))));
  CHECK(exec("true").error().code == ErrorCode::kUnavailable);
}

namespace {

ExecConfig shell(const std::string& script) {
  ExecConfig config;
  config.command = {"/bin/sh", "-c", script};
  return config;
}

// What the process says until it has said `text`, or ends.
std::string read_until(OciHarness& harness, api::ProcessStreams& process, const std::string& text) {
  std::string said;
  while (said.find(text) == std::string::npos) {
    const auto output = harness.run(process.next());
    if (!output) break;
    said += output->bytes;
  }
  return said;
}

// How many processes run in the container whose command line begins with this. (Killed ones that nobody reaps have
// none.)
std::string count_in(OciHarness& harness, const std::string& id, const std::string& command) {
  const std::string script =
      "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c '^" + command + "'";
  return harness.run(harness.runtime().exec(id, {"/bin/sh", "-c", script}, seconds(10)))->output;
}

}  // namespace

TEST_CASE("A client talks to a command") {
  if (cannot_run()) return;
  const std::string runtime_name = GENERATE("crun", "runc");
  OciHarness harness(runtime_name);
  Runtime& runtime = harness.runtime();
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("talk"));
  const auto id = harness.start_container(sandbox_id, harness.endless_container("main"));
  const auto open = [&](ExecConfig config) {
    auto opened = harness.run(runtime.open_exec(id, std::move(config), harness.executor()));
    REQUIRE(opened);
    return std::move(*opened);
  };

  SECTION("stdout and stderr stay apart, and the exit code is told") {
    const auto process = open(shell("echo out; echo err >&2; kill -9 $$"));
    std::map<api::ProcessStreams::Source, std::string> said;
    while (const auto output = harness.run(process->next())) said[output->source] += output->bytes;
    CHECK(said[api::ProcessStreams::Source::kStdout] == "out\n");
    CHECK(said[api::ProcessStreams::Source::kStderr] == "err\n");
    CHECK(process->exit_code() == 137);
  }
  SECTION("a terminal has a size, and ends with the process") {
    ExecConfig config = shell(
        "echo $TERM; tty; while [ \"$(stty size)\" != '33 101' ]; do sleep 0.01; done; read x; "
        "echo got $x; exit 5");
    config.terminal = true;
    const auto process = open(std::move(config));
    CHECK(read_until(harness, *process, "/dev/pts/").starts_with("xterm\r\n/dev/pts/"));
    process->resize({101, 33});
    CHECK(harness.run(process->write("line\n")));
    CHECK(read_until(harness, *process, "got line").find("got line") != std::string::npos);
    while (harness.run(process->next())) {
    }
    CHECK(process->exit_code() == 5);
  }
  SECTION("what the process left in the background is not waited for, nor killed") {
    const auto process = open(shell("sleep 555 & echo started"));
    CHECK(read_until(harness, *process, "never") == "started\n");
    CHECK(process->exit_code() == 0);
    CHECK(count_in(harness, id, "sleep 555") == "1\n");
  }
  SECTION("a process that nobody reads waits, and goes with its client") {
    ExecConfig config = shell("yes > /dev/null & yes");
    config.terminal = GENERATE(false, true);
    auto process = open(std::move(config));
    CHECK(harness.run(process->next()));
    process.reset();
    harness.run_until([&] { return count_in(harness, id, "yes") == "0\n"; });
  }
  SECTION("programs that cannot be run") {
    const std::string failed = "OCI runtime exec failed: exec failed: unable to start container process: exec: ";
    for (const bool terminal : {false, true}) {
      for (const auto& [program, message] :
           std::map<std::string, std::string>{{"nosuch", "\"nosuch\": executable file not found in $PATH"},
                                              {"/nosuch", "\"/nosuch\": stat /nosuch: no such file or directory"},
                                              {"/tmp", "\"/tmp\": permission denied"}}) {
        ExecConfig config;
        config.command = {program};
        config.terminal = terminal;
        const auto opened = harness.run(runtime.open_exec(id, std::move(config), harness.executor()));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().message == failed + message);
      }
    }
  }
  // Nothing of an exec stays in the container's directory.
  for (const std::string& name : list_directory(harness.options().data_directory + "/runtime/containers/" + id)) {
    CHECK_FALSE(name.starts_with("exec-"));
  }
}

TEST_CASE("A client attaches to a container") {
  if (cannot_run()) return;
  OciHarness harness;
  Runtime& runtime = harness.runtime();
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("attach"));
  ContainerConfig config = harness.script("main", "while read x; do echo got $x; echo err >&2; done; exit 3");
  config.stdin_open = true;
  config.stdin_once = true;
  const auto id = harness.start_container(sandbox_id, config);
  auto attached = harness.run(runtime.attach(id, harness.executor()));
  REQUIRE(attached);
  auto watcher = harness.run(runtime.attach(id, harness.executor()));
  REQUIRE(watcher);
  CHECK(harness.run((*attached)->write("one\n")));
  CHECK(read_until(harness, **attached, "err\n") == "got one\nerr\n");
  CHECK(read_until(harness, **watcher, "err\n") == "got one\nerr\n");
  (*attached)->close_input();
  CHECK_FALSE(harness.run((*attached)->next()));
  harness.run_until([&] { return runtime.container_status(id)->state == ContainerState::kExited; });
  CHECK(runtime.container_status(id)->exit_code == 3);
}

TEST_CASE("Ports are reached from inside of a pod's network") {
  if (cannot_run()) return;
  OciHarness harness;
  Runtime& runtime = harness.runtime();
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("ports"));
  const auto server = harness.start_container(
      sandbox_id, harness.script("server", "echo hello > /tmp/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp"));
  Result<std::unique_ptr<api::DuplexStream>> connection = Error{};
  harness.run_until([&] {
    connection = harness.run(runtime.connect(sandbox_id, 8080, harness.executor()));
    return connection.has_value();
  });
  CHECK(harness.run((*connection)->write("GET /index.html HTTP/1.0\r\n\r\n")));
  (*connection)->close_write();
  std::string answer;
  for (;;) {
    const auto piece = harness.run((*connection)->next());
    REQUIRE(piece);
    if (!*piece) break;
    answer += **piece;
  }
  CHECK(answer.ends_with("\r\n\r\nhello\n"));
  const auto refused = harness.run(runtime.connect(sandbox_id, 8081, harness.executor()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "IPv4: dial tcp4 127.0.0.1:8081: connect: connection refused IPv6 dial tcp6 [::1]:8081: connect: connection "
        "refused");
}

TEST_CASE("What cannot be made leaves nothing") {
  if (cannot_run()) return;
  OciHarness harness;
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("failing"));
  auto config = harness.script("failing", "");
  SECTION("no such program") {
    config.arguments = {"/no/such"};
    const auto made = harness.run(harness.runtime().create_container(sandbox_id, config));
    REQUIRE_FALSE(made);
    CHECK(mentions(made.error().message, "/no/such"));
    CHECK(mentions(made.error().message, "not found"));
  }
  SECTION("no such layer") {
    config.image.layer_directories = {harness.path("missing")};
    const auto made = harness.run(harness.runtime().create_container(sandbox_id, config));
    REQUIRE_FALSE(made);
    CHECK(
        mentions(made.error().message, "open image layer " + harness.path("missing") + ": No such file or directory"));
  }
  SECTION("no such volume") {
    config.mounts = {{harness.path("missing"), "/data", false}};
    CHECK_FALSE(harness.run(harness.runtime().create_container(sandbox_id, config)));
  }
  SECTION("a sandbox with a sysctl that does not exist") {
    auto bad = harness.sandbox("bad");
    bad.sysctls["net.no.such"] = "1";
    CHECK_FALSE(harness.run(harness.runtime().run_sandbox(bad)));
    CHECK(list_directory(harness.options().data_directory + "/runtime/sandboxes").size() == 1);
    CHECK(list_directory(harness.options().data_directory + "/network/addresses").size() == 1);
  }
  CHECK(harness.runtime().snapshot().containers.empty());
  CHECK(list_directory(harness.options().data_directory + "/runtime/containers").empty());
}

TEST_CASE("Killed helpers are noticed") {
  if (cannot_run()) return;
  OciHarness harness;
  std::vector<std::string> heard;
  harness.runtime().set_exit_listener([&](const SandboxKey&, const std::string& id) { heard.push_back(id); });
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("helpers"));
  const auto id = harness.start_container(sandbox_id, harness.endless_container("main"));
  const oci::Layout layout(harness.options().data_directory, oci::boot_id());
  SECTION("shim: its container cannot go on without it") {
    const auto record = oci::load_containers(layout).records.at(0);
    REQUIRE(::kill(record.supervisor.pid, SIGKILL) == 0);
    CHECK(harness.wait_until_exited(id).exit_code == 137);
    CHECK_FALSE(record.process.open());
    CHECK(heard == std::vector<std::string>{id});
  }
  SECTION("pause: the sandbox is not ready any more") {
    REQUIRE(::kill(oci::load_sandboxes(layout).records.at(0).pause.pid, SIGKILL) == 0);
    harness.run_until([&] { return !heard.empty(); });
    CHECK(heard == std::vector<std::string>{sandbox_id});
    CHECK_FALSE(harness.runtime().sandbox_status(sandbox_id)->ready);
    CHECK(harness.runtime().container_status(id)->state == ContainerState::kRunning);
    harness.restart();
    REQUIRE(harness.run(harness.runtime().recover()));
    CHECK_FALSE(harness.runtime().sandbox_status(sandbox_id)->ready);
  }
  REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox_id)));
}

// Mounts that keep directories of the runtime from being removed, until the test lets them go.
struct Obstacles {
  ~Obstacles() { take_away(); }
  void put(const std::string& directory) {
    REQUIRE(make_directories(directory));
    REQUIRE(mount_tmpfs(directory, 0, 0755));
    mounts.push_back(directory);
  }
  void take_away() {
    for (const std::string& mount : mounts) CHECK(unmount(mount));
    mounts.clear();
  }
  std::vector<std::string> mounts;
};

TEST_CASE("What cannot be recovered keeps nobody from starting") {
  if (cannot_run()) return;
  OciHarness harness;
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("healthy"));
  const auto id = harness.start_container(sandbox_id, harness.endless_container("main"));
  harness.stop();
  const oci::Layout layout(harness.options().data_directory, oci::boot_id());
  Obstacles obstacles;
  obstacles.put(layout.sandbox("half-made") + "/busy");
  obstacles.put(layout.container("half-made") + "/busy");
  obstacles.put(layout.states() + "/earlier-boot/busy");
  REQUIRE(make_directories(layout.network_namespace("forgotten")));  // a namespace is a file

  harness.restart();
  const auto found = harness.run(harness.runtime().recover());
  REQUIRE(found);
  REQUIRE(found->sandboxes.size() == 1);
  REQUIRE(found->containers.size() == 1);
  CHECK(found->containers[0].state == ContainerState::kRunning);
  CHECK(path_exists(layout.sandbox("half-made")));
  CHECK(path_exists(layout.container("half-made")));

  obstacles.take_away();
  REQUIRE(remove_tree(layout.network_namespace("forgotten")));
  harness.restart();
  REQUIRE(harness.run(harness.runtime().recover()));
  CHECK(list_directory(layout.sandboxes()) == std::vector<std::string>{sandbox_id});
  CHECK(list_directory(layout.containers()) == std::vector<std::string>{id});
  CHECK(list_directory(layout.states()) == std::vector<std::string>{oci::boot_id()});
  REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox_id)));
}

// The agent is killed at some moment while it makes, starts and removes pods; the next one must find a consistent node.
TEST_CASE("An agent that is killed at any moment leaks nothing") {
  if (cannot_run()) return;
  OciHarness harness;
  harness.stop();
  for (int round = 0; round < 16; ++round) {
    const pid_t agent = ::fork();
    REQUIRE(agent >= 0);
    if (agent == 0) {
      harness.run_pods_until_killed();
      ::_exit(1);
    }
    harness.wait_for_first_record();
    std::this_thread::sleep_for(milliseconds(11 * round));  // the moment; not a wait for anything
    REQUIRE(::kill(agent, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(agent, &status, 0) == agent);
    REQUIRE(WIFSIGNALED(status));

    harness.restart();
    const auto found = harness.run(harness.runtime().recover());
    REQUIRE(found);
    for (const auto& sandbox : found->sandboxes) {
      CAPTURE(round, sandbox.id);
      REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox.id)));
    }
    harness.stop();
    CAPTURE(round);
    CHECK(list_directory(harness.options().data_directory + "/runtime/containers").empty());
    CHECK(list_directory(harness.options().data_directory + "/runtime/sandboxes").empty());
    CHECK(list_directory(harness.options().data_directory + "/runtime/netns").empty());
    CHECK(list_directory(harness.options().data_directory + "/network/addresses").empty());
    CHECK(harness.processes() == "");
  }
}

TEST_CASE("Many pods at once do not get into each other's way") {
  if (cannot_run()) return;
  OciHarness harness;
  constexpr std::size_t kPods = 12;
  std::vector<std::string> sandboxes;
  std::set<std::string> addresses;
  std::size_t removed = 0;
  const auto started = [&](const std::exception_ptr&, Result<SandboxStatus> sandbox) {
    REQUIRE(sandbox);
    sandboxes.push_back(sandbox->id);
    addresses.insert(sandbox->ip);
  };
  for (std::size_t i = 0; i < kPods; ++i) {
    auto config = harness.sandbox("pod-" + std::to_string(i));
    asio::co_spawn(harness.options().executor, harness.runtime().run_sandbox(std::move(config)), started);
  }
  harness.run_until([&] { return sandboxes.size() == kPods; });
  CHECK(addresses.size() == kPods);
  for (const std::string& id : sandboxes)
    static_cast<void>(harness.start_container(id, harness.endless_container("main")));
  for (const std::string& id : sandboxes) {
    asio::co_spawn(harness.options().executor, harness.runtime().remove_sandbox(id),
                   [&](const std::exception_ptr&, Result<void> result) {
                     REQUIRE(result);
                     ++removed;
                   });
  }
  harness.run_until([&] { return removed == kPods; });
  CHECK(harness.processes() == "");
}

TEST_CASE("clean() removes what runs") {
  if (cannot_run()) return;
  OciHarness harness;
  const std::string sandbox_id = harness.start_sandbox(harness.sandbox("forgotten"));
  static_cast<void>(harness.start_container(sandbox_id, harness.endless_container("main")));
  // The harness lets go of the runtime and calls clean(), and checks what is left.
}

TEST_CASE("A node that cannot run containers says so in one line") {
  if (cannot_run()) return;
  OciHarness harness;
  harness.stop();
  OciOptions options = harness.options();
  SECTION("no runtime") {
    options.runtimes = {"no-such-runtime"};
    const auto opened = OciRuntime::open(options);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == "no OCI runtime (crun or runc) is installed: install Debian's package crun");
  }
  SECTION("a directory that overlayfs cannot name") {
    options.data_directory = "/tmp/a,b";
    const auto opened = OciRuntime::open(options);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("runc does in crun's place") {
  if (cannot_run() || skiff::test::must_skip({"runc"})) return;
  OciHarness harness("runc");
  CHECK(harness.output_of("echo from runc") == "from runc\n");
}

TEST_CASE("How long a pod takes", "[.benchmark]") {
  if (cannot_run()) return;
  OciHarness harness;
  std::array<std::vector<double>, 4> times;
  for (int round = 0; round < 20; ++round) {
    std::size_t step = 0;
    auto last = std::chrono::steady_clock::now();
    const auto note = [&] {
      const auto now = std::chrono::steady_clock::now();
      times[step++].push_back(std::chrono::duration<double, std::milli>(now - last).count());
      last = now;
    };
    const std::string sandbox_id = harness.start_sandbox(harness.sandbox("bench"));
    note();
    auto id = harness.run(harness.runtime().create_container(sandbox_id, harness.endless_container("main")));
    REQUIRE(id);
    note();
    REQUIRE(harness.run(harness.runtime().start_container(*id)));
    note();
    REQUIRE(harness.run(harness.runtime().remove_sandbox(sandbox_id)));
    note();
  }
  for (std::size_t step = 0; step < times.size(); ++step) {
    std::sort(times[step].begin(), times[step].end());
    const std::array<const char*, 4> names = {"run sandbox", "create container", "start container", "remove all"};
    WARN(names[step] << ": p50 " << times[step][10] << " ms, max " << times[step].back() << " ms");
  }
}

}  // namespace skiff::nodeagent::testing

// The shim alone, as the agent carries it, with shell scripts in the place of OCI runtime and container.
#include "api/base/fd.h"
#include "api/base/files.h"
#include "nodeagent/mounts.h"
#include "nodeagent/process.h"
#include "nodeagent/runtime/oci/helpers.h"
#include "nodeagent/runtime/oci/unix_socket.h"
#include "nodeagent/streaming/log_lines.h"
#include "test/support/host.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

namespace skiff::nodeagent::oci {

namespace {

using std::chrono::seconds;

constexpr auto kPatience = seconds(10);

// Does what `crun create` does with the shell script "main": it leaves a process behind that has its streams (which
// `&` alone would take stdin away from), has noted its number, and begins when the runtime is gone.
constexpr std::string_view kRuntime = R"(#!/bin/sh
exec 3<&0
sh -c 'echo $$ > pid.new; mv pid.new pid; while kill -0 $PPID 2>/dev/null; do sleep 0.01; done; exec sh ./main' <&3 3<&- &
while ! test -e pid; do sleep 0.01; done
)";
// The same with a terminal, which the test has made and sends to the console socket in the runtime's stead.
constexpr std::string_view kTerminalRuntime = R"(#!/bin/sh
while ! test -e terminal; do sleep 0.01; done
t=$(cat terminal)
sh -c 'echo $$ > pid.new; mv pid.new pid; while kill -0 $PPID 2>/dev/null; do sleep 0.01; done; exec sh ./main' <$t >$t 2>&1 &
while ! test -e pid; do sleep 0.01; done
)";

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// A connection to the attach socket.
class Client {
 public:
  explicit Client(const std::string& directory) {
    auto connected = connect_to(directory, "attach", SOCK_SEQPACKET);
    REQUIRE(connected);
    socket_ = std::move(*connected);
    const timeval patience{kPatience.count(), 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  void send(const std::string& text) const { REQUIRE(try_send(text)); }
  // For other threads, which cannot use Catch's macros.
  [[nodiscard]] bool try_send(const std::string& text) const {
    return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  void finish() const { ::shutdown(socket_.get(), SHUT_WR); }
  // What comes until it ends with `end`, or the connection ends; "!" stands before what is of the container's stderr.
  [[nodiscard]] std::string read_until(const std::string& end) const {
    std::string said;
    std::array<char, 16384> packet;
    while (end.empty() || !said.ends_with(end)) {
      const ssize_t size = ::recv(socket_.get(), packet.data(), packet.size(), 0);
      REQUIRE((size >= 0 || errno == ECONNRESET));
      if (size <= 0) break;
      REQUIRE((packet[0] == 2 || packet[0] == 3));
      if (packet[0] == 3) said += "!";
      said.append(packet.data() + 1, static_cast<std::size_t>(size) - 1);
    }
    return said;
  }

 private:
  UniqueFd socket_;
};

// A shim's whole life in a directory of its own.
class ShimRun {
 public:
  static constexpr const char* kId = "container-1";

  explicit ShimRun(const std::string& main, std::vector<std::string> options = {},
                   std::string_view runtime = kRuntime) {
    bundle_ = directory_ / "bundle";
    logs_ = directory_ / "logs";
    REQUIRE(make_directories(bundle_));
    REQUIRE(make_directories(logs_));
    REQUIRE(write_file_atomically(directory_ / "shim", shim_program(), 0755));
    REQUIRE(write_file_atomically(bundle_ + "/runtime", runtime, 0755));
    REQUIRE(write_file_atomically(bundle_ + "/main", main));
    process_.arguments = {directory_ / "shim"};
    for (std::string& option : options) process_.arguments.push_back(std::move(option));
  }
  ~ShimRun() {
    if (container_ > 0) ::kill(container_, SIGKILL);
    if (shim_) static_cast<void>(wait_for_exit(*shim_, kPatience));
  }
  ShimRun(const ShimRun&) = delete;
  ShimRun& operator=(const ShimRun&) = delete;

  // The shim is at work when this returns.
  UniqueFd launch(const std::string& runtime = "./runtime") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    UniqueFd report(ends[0]);
    const UniqueFd reported(ends[1]);
    for (const std::string& argument : {std::string(kId), log_path(), runtime}) process_.arguments.push_back(argument);
    process_.environment = {"PATH=/usr/bin:/bin"};
    process_.working_directory = bundle_;
    process_.descriptors = {{reported.get(), 3}};
    const auto started = run_process(process_);
    REQUIRE(started);
    REQUIRE(started->exit_code == 0);
    return report;
  }
  // All of the report.
  std::string read_report(const UniqueFd& report) {
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size; (size = ::read(report.get(), buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    if (text.starts_with("ok ")) {
      const char* end = text.data() + text.size();
      const char* rest = std::from_chars(text.data() + 3, end, container_).ptr;
      std::from_chars(rest + 1, end, shim_pid_);
      if (auto opened = open_pidfd(shim_pid_)) shim_ = std::move(*opened);
    }
    return text;
  }
  void start() {
    const std::string report = read_report(launch());
    CAPTURE(report);
    REQUIRE(report == "ok " + std::to_string(container_) + " " + std::to_string(shim_pid_) + "\n");
  }
  // Starts it, with the test as the runtime's other half. The terminal's master is the test's, too.
  UniqueFd start_with_terminal() {
    UniqueFd report = launch();
    UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master);
    REQUIRE(::grantpt(master.get()) == 0);
    REQUIRE(::unlockpt(master.get()) == 0);
    UniqueFd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(slave);
    std::optional<UniqueFd> console;
    REQUIRE(eventually([&] {
      auto connected = connect_to(bundle_, "console", SOCK_STREAM);
      if (connected) console = std::move(*connected);
      return console.has_value();
    }));
    send_descriptor(*console, master);
    REQUIRE(write_file_atomically(bundle_ + "/terminal", ::ptsname(master.get())));
    read_report(report);
    REQUIRE(container_ > 0);
    return slave;
  }
  // The exit code. The shim has ended, too.
  int wait_for_end() {
    if (shim_) REQUIRE(wait_for_exit(*shim_, kPatience));
    const auto text = read_file(exit_file());
    REQUIRE(text);
    int code = -1;
    REQUIRE(std::from_chars(text->data(), text->data() + text->size(), code).ptr == text->data() + text->size());
    return code;
  }
  void tell(const std::string& command) const {
    const UniqueFd control(::open((bundle_ + "/ctl").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(::write(control.get(), command.data(), command.size()) == static_cast<ssize_t>(command.size()));
  }
  [[nodiscard]] Client attach() const { return Client(bundle_); }
  // "stdout F text", a line each.
  [[nodiscard]] std::string log() const { return log_of(log_path()); }
  [[nodiscard]] static std::string log_of(const std::string& path) {
    const auto text = read_file(path);
    REQUIRE(text);
    std::string lines;
    for (std::size_t begin = 0; begin < text->size();) {
      const std::size_t end = text->find('\n', begin);
      REQUIRE(end != std::string::npos);
      const std::string line = text->substr(begin, end - begin);
      CAPTURE(line);
      REQUIRE(parse_log_line(line));
      lines += line.substr(line.find(' ') + 1) + "\n";
      begin = end + 1;
    }
    return lines;
  }
  [[nodiscard]] std::string log_path() const { return logs_ + "/main.log"; }
  [[nodiscard]] std::string exit_file() const { return bundle_ + "/" + kId; }
  [[nodiscard]] const std::string& bundle() const { return bundle_; }
  [[nodiscard]] const std::string& logs() const { return logs_; }
  [[nodiscard]] int shim_pid() const { return shim_pid_; }
  [[nodiscard]] int container_pid() const { return container_; }

 private:
  static void send_descriptor(const UniqueFd& socket, const UniqueFd& descriptor) {
    char text = 'x';
    iovec part{&text, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = descriptor.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    REQUIRE(::sendmsg(socket.get(), &message, 0) == 1);
  }

  const skiff::test::TempDir directory_;
  std::string bundle_;
  std::string logs_;
  ProcessOptions process_;
  std::optional<UniqueFd> shim_;
  int shim_pid_ = 0;
  int container_ = 0;
};

}  // namespace

TEST_CASE("The shim logs what a container says in the CRI's format") {
  struct Row {
    std::string name, main, log;
  };
  const std::string many = "i=0; while test $i -lt 100; do echo $i; i=$((i+1)); done | cat";
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "stdout F " + std::to_string(i) + "\n";
  for (const Row& row : std::vector<Row>{
           {"lines", "printf 'one\\n\\ntwo\\n'", "stdout F one\nstdout F \nstdout F two\n"},
           {"stderr", "echo err >&2", "stderr F err\n"},
           {"no end of line", "printf part", "stdout P part\n"},
           {"more lines than go at once", many, hundred},
           {"nothing", "", ""},
       }) {
    CAPTURE(row.name);
    ShimRun run(row.main);
    run.start();
    CHECK(run.wait_for_end() == 0);
    CHECK(run.log() == row.log);
  }
}

TEST_CASE("The shim's times are now, in UTC") {
  ShimRun run("echo x");
  const auto before = std::chrono::system_clock::now();
  run.start();
  run.wait_for_end();
  const auto line = parse_log_line(read_file(run.log_path())->substr(0, read_file(run.log_path())->find('\n')));
  REQUIRE(line);
  CHECK(line->time >= before);
  CHECK(line->time <= std::chrono::system_clock::now());
}

TEST_CASE("A long line is logged in pieces") {
  ShimRun run("head -c 100000 /dev/zero | tr '\\0' x; echo");
  run.start();
  run.wait_for_end();
  LogFormatter formatter({});
  CHECK(formatter.add(*read_file(run.log_path())) == std::string(100000, 'x') + "\n");
  CHECK(run.log().find("stdout P xxx") != std::string::npos);
}

TEST_CASE("The shim tells how a container has ended") {
  for (const auto& [main, code] : std::vector<std::pair<std::string, int>>{
           {"exit 0", 0}, {"exit 7", 7}, {"exit 255", 255}, {"kill -KILL $$", 137}, {"kill -TERM $$", 143}}) {
    CAPTURE(main);
    ShimRun run(main);
    run.start();
    CHECK(run.wait_for_end() == code);
    CHECK_FALSE(path_exists(run.bundle() + "/exit-code"));
  }
}

TEST_CASE("The shim tells why there is no container") {
  SECTION("what the runtime said, as far as there is room") {
    ShimRun run("", {}, "#!/bin/sh\necho first >&2\necho second >&2\nhead -c 300000 /dev/zero >&2\nexit 1\n");
    const std::string report = run.read_report(run.launch());
    CHECK(report.starts_with("error first\nsecond\n"));
    CHECK_FALSE(path_exists(run.exit_file()));
  }
  SECTION("there is no such runtime") {
    ShimRun run("");
    CHECK(run.read_report(run.launch("/no/such")) == "error the OCI runtime cannot be run");
  }
  SECTION("the log has no directory") {
    ShimRun run("");
    REQUIRE(remove_tree(run.logs()));
    CHECK(run.read_report(run.launch()) == "error the container's log cannot be opened");
  }
}

TEST_CASE("What the runtime says although it succeeds is in the container's log") {
  std::string runtime(kRuntime);
  runtime.insert(runtime.find("exec 3"), "echo warning >&2\n");
  ShimRun run("echo hello", {}, runtime);
  run.start();
  run.wait_for_end();
  CHECK(run.log() == "stderr F warning\nstdout F hello\n");
}

TEST_CASE("Several clients attach to a container") {
  ShimRun run("while read x; do echo got $x; echo err >&2; done; exit 3", {"--stdin-once"});
  run.start();
  const Client first = run.attach();
  const Client second = run.attach();
  first.send("one\n");
  CHECK(first.read_until("err\n") == "got one\n!err\n");
  CHECK(second.read_until("err\n") == "got one\n!err\n");
  second.send("two\n");
  CHECK(first.read_until("err\n") == "got two\n!err\n");
  SECTION("the first that has no more to say ends the input") { first.finish(); }
  SECTION("also when it sends something last") {
    first.send("three\n");
    first.finish();
    CHECK(first.read_until("err\n") == "got three\n!err\n");
  }
  CHECK(run.wait_for_end() == 3);
  CHECK(first.read_until("").empty());
}

TEST_CASE("An input that stays open outlives its clients") {
  ShimRun run("while read x; do echo got $x; test $x = end && exit 4; done; exit 3", {"--stdin"});
  run.start();
  {
    const Client client = run.attach();
    client.send("one\n");
    CHECK(client.read_until("\n") == "got one\n");
    client.finish();
  }
  const Client client = run.attach();
  client.send("end\n");
  CHECK(client.read_until("\n") == "got end\n");
  CHECK(run.wait_for_end() == 4);
}

TEST_CASE("More input than a pipe holds waits for the container") {
  ShimRun run("read x; wc -c", {"--stdin-once"});
  run.start();
  const Client client = run.attach();
  const Client other = run.attach();
  bool sent = true;
  std::thread sender([&] {
    for (int i = 0; i < 128; ++i) sent = client.try_send(std::string(8192, 'x')) && sent;
    sent = client.try_send("\n" + std::string(1000, 'y')) && sent;
    client.finish();
  });
  CHECK(other.read_until("\n") == "1000\n");
  sender.join();
  CHECK(sent);
  CHECK(run.wait_for_end() == 0);
}

TEST_CASE("A client that does not read is let go, and keeps nobody from going on") {
  ShimRun run("read x; head -c 2000000 /dev/zero | tr '\\0' x; echo; echo end", {"--stdin"});
  run.start();
  const Client stuck = run.attach();
  const Client reader = run.attach();
  reader.send("go\n");
  CHECK(reader.read_until("end\n").size() == 2000000 + 5);
  CHECK(run.wait_for_end() == 0);
  LogFormatter formatter({});
  CHECK(formatter.add(*read_file(run.log_path())).size() == 2000000 + 5);
  CHECK(stuck.read_until("").size() < 2000000);
}

TEST_CASE("There is a bound on clients, and those beyond it see the end at once") {
  ShimRun run("read x; echo end", {"--stdin"});
  run.start();
  std::vector<Client> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(run.attach());
  CHECK(run.attach().read_until("").empty());
  clients.pop_back();  // and makes place
  const Client late = run.attach();
  late.send("go\n");
  CHECK(late.read_until("\n") == "end\n");
  CHECK(run.wait_for_end() == 0);
}

TEST_CASE("A container has a terminal") {
  const std::string main =
      "while test \"$(stty size)\" != '33 101'; do sleep 0.01; done; test -t 1 && echo tty; read x; echo got $x";
  ShimRun run(main, {"--stdin", "--terminal"}, kTerminalRuntime);
  const UniqueFd slave = run.start_with_terminal();
  const Client client = run.attach();
  run.tell("1 33 101\n");
  CHECK(client.read_until("tty\r\n") == "tty\r\n");
  client.send("line\n");
  CHECK(client.read_until("got line\r\n") == "line\r\ngot line\r\n");
  CHECK(run.wait_for_end() == 0);
  CHECK(run.log() == "stdout F tty\r\nstdout F line\r\nstdout F got line\r\n");
  CHECK_FALSE(path_exists(run.bundle() + "/console"));
}

TEST_CASE("A terminal that nobody has open can be opened again") {
  const std::string main =
      "exec <&- >&- 2>&-; while ! test -e again; do sleep 0.01; done; echo again > $(cat terminal)";
  ShimRun run(main, {"--terminal"}, kTerminalRuntime);
  static_cast<void>(run.start_with_terminal());
  const Client client = run.attach();
  REQUIRE(write_file_atomically(run.bundle() + "/again", ""));
  CHECK(run.wait_for_end() == 0);
  CHECK(run.log() == "stdout F again\r\n");
}

TEST_CASE("A log is opened again by its name") {
  ShimRun run("while read x; do echo $x; done", {"--stdin-once"});
  run.start();
  const Client client = run.attach();
  const auto say = [&](const std::string& line) {
    client.send(line + "\n");
    CHECK(client.read_until("\n") == line + "\n");
  };
  const std::string aside = run.log_path() + ".1";
  say("one");
  std::filesystem::rename(run.log_path(), aside);
  say("two");  // until it is told, into the old file
  run.tell("2 0 0\n");
  say("three");
  CHECK(run.log_of(aside) == "stdout F one\nstdout F two\n");
  CHECK(run.log() == "stdout F three\n");
  // A name that cannot be opened: the file that it has stays.
  const std::string moved = run.logs() + "-moved";
  std::filesystem::rename(run.logs(), moved);
  run.tell("2 0 0\n");
  say("four");
  client.finish();
  CHECK(run.wait_for_end() == 0);
  CHECK(run.log_of(moved + "/main.log") == "stdout F three\nstdout F four\n");
  REQUIRE(remove_tree(moved));
}

TEST_CASE("A full disk costs output, and neither the container nor its exit code") {
  if (skiff::test::must_skip({})) return;
  ShimRun run("while read x; do echo $x; done; exit 9", {"--stdin-once"});
  // The log's disk; the container's directory is on another one.
  struct FullDisk {
    explicit FullDisk(std::string path) : directory(std::move(path)) {
      REQUIRE(mount_tmpfs(directory, 64 << 10, 0755));
    }
    ~FullDisk() { static_cast<void>(unmount(directory)); }
    void fill() const { skiff::test::shell("cat /dev/zero > " + directory + "/filler 2>/dev/null"); }
    std::string directory;
  };
  const FullDisk disk(run.logs());
  run.start();
  const Client client = run.attach();
  const auto say = [&](const std::string& line) {
    client.send(line + "\n");
    CHECK(client.read_until("\n") == line + "\n");
  };
  say("one");
  disk.fill();
  for (int i = 0; i < 10; ++i) say(std::string(4000, 'x'));
  ::unlink((disk.directory + "/filler").c_str());
  say("two");
  client.finish();
  CHECK(run.wait_for_end() == 9);
  const std::string log = run.log();
  CHECK(log.starts_with("stdout F one\n"));
  CHECK(log.ends_with("\nstdout F two\n"));
  CHECK(log.size() < 10 * 4000);
}

TEST_CASE("The exit code is told on a full disk") {
  if (skiff::test::must_skip({})) return;
  const skiff::test::TempDir mounted;
  ShimRun run("read x; exit 9", {"--stdin-once"});
  const std::string saved = run.bundle() + "-saved";
  std::filesystem::rename(run.bundle(), saved);
  REQUIRE(make_directories(run.bundle()));
  REQUIRE(mount_tmpfs(run.bundle(), 256 << 10, 0755));
  std::filesystem::copy(saved, run.bundle());
  run.start();
  const Client client = run.attach();
  skiff::test::shell("cat /dev/zero > " + run.bundle() + "/filler 2>/dev/null");
  client.send("go\n");
  CHECK(run.wait_for_end() == 9);
  CHECK(unmount(run.bundle()));
}

TEST_CASE("A shim does not need whoever started it") {
  ShimRun run("echo hello; exit 5");
  static_cast<void>(run.launch());  // and nobody reads the report
  REQUIRE(eventually([&] { return path_exists(run.exit_file()); }));
  CHECK(run.wait_for_end() == 5);
  CHECK(eventually([&] { return run.log() == "stdout F hello\n"; }));
}

TEST_CASE("A process that a container leaves behind is not waited for, though it holds the streams") {
  SECTION("and is silent") {
    ShimRun run("sleep 60 & echo $! > left; exit 4");
    run.start();
    CHECK(run.wait_for_end() == 4);
    skiff::test::shell("kill $(cat " + run.bundle() + "/left)");
  }
  SECTION("and never stops talking") {
    ShimRun run("yes & until test -s ../logs/main.log; do :; done; exit 4");
    run.start();
    CHECK(run.wait_for_end() == 4);
    CHECK(run.log().starts_with("stdout F y\n"));
  }
}

TEST_CASE("A shim is hardly there") {
  // A process that the container leaves behind is the shim's to reap.
  ShimRun run("(sh -c 'echo started' &) ; read x; exit 0", {"--stdin-once"});
  run.start();
  const std::string process = "/proc/" + std::to_string(run.shim_pid());
  const std::string children = process + "/task/" + std::to_string(run.shim_pid()) + "/children";
  CHECK(eventually([&] {
    return run.log() == "stdout F started\n" && *read_file(children) == std::to_string(run.container_pid()) + " ";
  }));
  const auto status = read_file(process + "/status");
  REQUIRE(status);
  int kilobytes = 0;
  const std::size_t at = status->find_first_of("0123456789", status->find("VmRSS:"));
  std::from_chars(status->data() + at, status->data() + status->size(), kilobytes);
  CHECK(kilobytes > 0);
  CHECK(kilobytes < 100);
  // Nothing that asks it to end ends it.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) CHECK(::kill(run.shim_pid(), signal) == 0);
  run.attach().finish();
  CHECK(run.wait_for_end() == 0);
}

}  // namespace skiff::nodeagent::oci

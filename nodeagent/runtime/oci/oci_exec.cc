#include "api/base/files.h"
#include "api/base/ids.h"
#include "api/base/json.h"
#include "nodeagent/process.h"
#include "nodeagent/runtime/oci/oci_command.h"
#include "nodeagent/runtime/oci/unix_socket.h"

#include <fcntl.h>

#include <array>
#include <charconv>

namespace skiff::nodeagent::oci {

namespace {

constexpr auto kExecTimeout = std::chrono::seconds(30);

// The files that one exec needs beside the container's own; they are gone when it runs.
class ExecFiles {
 public:
  explicit ExecFiles(const std::string& directory) : directory_(directory), name_("exec-" + random_hex(4)) {}
  ~ExecFiles() {
    for (const std::string& path : {process(), pid(), log(), directory_ + "/" + console_name()}) ::unlink(path.c_str());
  }
  ExecFiles(const ExecFiles&) = delete;
  ExecFiles& operator=(const ExecFiles&) = delete;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string process() const { return directory_ + "/" + name_ + ".json"; }
  [[nodiscard]] std::string pid() const { return directory_ + "/" + name_ + ".pid"; }
  [[nodiscard]] std::string log() const { return directory_ + "/" + name_ + ".log"; }
  [[nodiscard]] std::string console_name() const { return name_ + ".tty"; }

 private:
  std::string directory_;
  std::string name_;
};

// The container's own process with another command: user, rights, environment and directory stay. The command line of
// crun and runc has options for these, too, but crun forgets the environment when one variable is added.
Result<Json> process_document(const std::string& bundle, const ExecConfig& config) {
  const auto text = read_file(bundle + "/config.json");
  if (!text) return text.error();
  const auto spec = parse_json(*text);
  if (!spec) return spec.error();
  const Json* container_process = find(spec->value, {"process"});
  if (container_process == nullptr) return Error{ErrorCode::kInternal, bundle + "/config.json has no process"};
  Json process = *container_process;
  process["args"] = config.command;
  process["terminal"] = config.terminal;
  if (config.terminal) {
    bool has_term = false;
    for (const Json& variable : process["env"]) has_term |= variable.get_ref<const std::string&>().starts_with("TERM=");
    if (!has_term) process["env"].push_back(Json("TERM=xterm"));
  }
  return {boost::system::in_place_value, std::move(process)};
}

// What the runtime wrote into its log last.
std::string logged_error(const std::string& path) {
  const auto text = read_file(path);
  std::string message;
  for (std::size_t begin = 0; text && begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const auto line = parse_json(std::string_view(*text).substr(begin, end - begin));
    if (line) message = string_at(line->value, {"msg"}, message);
    begin = end + 1;
  }
  return message;
}

// The words of runc, which containerd's users know, for what crun says in others.
std::string as_runc_says(const std::string& message, const std::string& program) {
  const std::string failed = "exec failed: unable to start container process: exec: " + to_json_text(Json(program));
  if (message.find("not found in $PATH") != std::string::npos && message.starts_with("executable file")) {
    if (program.find('/') != std::string::npos) return failed + ": stat " + program + ": no such file or directory";
    return failed + ": executable file not found in $PATH";
  }
  if (message.starts_with("open executable: ")) return failed + ": permission denied";
  return message;
}

Result<std::pair<UniqueFd, UniqueFd>> exec_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The child's ends, by their number in it, and ours.
struct ExecPipes {
  std::vector<std::pair<UniqueFd, int>> theirs;
  UniqueFd input, output, error_output;
};

Result<ExecPipes> make_pipes(const ExecConfig& config) {
  ExecPipes pipes;
  if (config.terminal) return pipes;
  if (config.input) {
    auto input = exec_pipe();
    if (!input) return input.error();
    pipes.theirs.emplace_back(std::move(input->first), 0);
    pipes.input = std::move(input->second);
  }
  auto output = exec_pipe();
  if (!output) return output.error();
  pipes.output = std::move(output->first);
  if (config.merge_output) {
    pipes.theirs.emplace_back(UniqueFd(::fcntl(output->second.get(), F_DUPFD_CLOEXEC, 3)), 2);
  } else {
    auto errors = exec_pipe();
    if (!errors) return errors.error();
    pipes.theirs.emplace_back(std::move(errors->second), 2);
    pipes.error_output = std::move(errors->first);
  }
  pipes.theirs.emplace_back(std::move(output->second), 1);
  return pipes;
}

}  // namespace

Result<ExecutedProcess> OciCommand::start_exec(const std::string& id, const ExecConfig& config) const {
  const ExecFiles files(layout_.container(id));
  auto document = process_document(files.directory(), config);
  if (!document) return document.error();
  if (auto written = write_file_atomically(files.process(), to_json_text(*document)); !written) return written.error();
  auto pipes = make_pipes(config);
  if (!pipes) return pipes.error();

  ProcessOptions runtime;
  runtime.arguments = with({"--log", files.log(), "--log-format", "json", "exec", "--detach"});
  const auto add = [&runtime](std::initializer_list<std::string> arguments) {
    runtime.arguments.insert(runtime.arguments.end(), arguments.begin(), arguments.end());
  };
  add({"--process", files.process(), "--pid-file", files.pid()});
  UniqueFd console;
  if (config.terminal) {
    auto listener = listen_at(files.directory(), files.console_name());
    if (!listener) return listener.error();
    console = std::move(*listener);
    // A name, not a path, since a path may be longer than a socket's address.
    runtime.working_directory = files.directory();
    add({"--console-socket", files.console_name()});
  }
  add({id});
  runtime.environment = program_environment();
  runtime.timeout = kExecTimeout;
  for (const auto& [end, number] : pipes->theirs) runtime.descriptors.emplace_back(end.get(), number);

  const ReapingPause pause;
  auto ran = run_process(runtime);
  if (!ran) return ran.error();
  pipes->theirs.clear();
  if (ran->exit_code != 0) {
    const std::string program = config.command.empty() ? "" : config.command[0];
    return Error{ErrorCode::kInvalid, "OCI runtime exec failed: " + as_runc_says(logged_error(files.log()), program)};
  }
  const auto pid = read_pid(files.pid());
  if (!pid) return pid.error();
  auto process = AdoptedProcess::adopt(pause, *pid);
  if (!process) return process.error();
  if (!config.terminal) {
    return ExecutedProcess{std::move(*process), std::move(pipes->input), std::move(pipes->output),
                           std::move(pipes->error_output), false};
  }
  auto terminal = receive_descriptor(console);
  if (!terminal) return terminal.error().wrap("receive the terminal");
  UniqueFd input(::fcntl(terminal->get(), F_DUPFD_CLOEXEC, 3));
  return ExecutedProcess{std::move(*process), std::move(input), std::move(*terminal), UniqueFd(), true};
}

}  // namespace skiff::nodeagent::oci

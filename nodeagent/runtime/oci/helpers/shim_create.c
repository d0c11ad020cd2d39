// Makes the container's standard streams and has the OCI runtime create the container with them: it gives its own to
// the container, and leaves the container's first process behind, which becomes our child since we are a child
// subreaper. A terminal comes as OCI runtimes hand it out (runc's docs/terminals.md, "detached"): the runtime connects
// to the --console-socket and sends the terminal's other side.
#include "shim.h"
#include "shim_calls.h"
#include "shim_text.h"

#include <asm/termios.h>
#include <signal.h>

static const char kPidFile[] = "pid";
static const char kConsole[] = "console";

// Of one pipe, which end is the container's.
enum end { kReads = 0, kWrites = 1 };

// -1 where there is none.
struct pipes {
  int input[2];
  int output[2];
  int error_output[2];
};

static bool make_pipes(const struct shim_options* options, struct pipes* pipes) {
  pipes->input[0] = pipes->input[1] = -1;
  if (options->stdin_open && !options->terminal && sys_pipe(pipes->input) < 0) return false;
  return sys_pipe(pipes->output) >= 0 && sys_pipe(pipes->error_output) >= 0;
}

// In the child.
__attribute__((noreturn)) static void run_runtime(const struct shim_options* options, const struct pipes* pipes) {
  const unsigned long no_signals = 0;
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&no_signals, 0, sizeof(no_signals), 0);
  if (pipes->input[kReads] >= 0) sys_dup_to(pipes->input[kReads], 0);  // otherwise it is /dev/null, as ours
  sys_dup_to(pipes->output[kWrites], 1);
  sys_dup_to(pipes->error_output[kWrites], 2);
  system_call(SYS_execve, (long)options->runtime[0], (long)options->runtime, (long)options->environment, 0, 0);
  exit_process(127);
}

// What the runtime has said on stderr since, as far as there is room. False when nobody can say more.
static bool read_message(int error_output, char* message, size_t* size) {
  for (;;) {
    char unread[128];
    const size_t room = kPieceBytes - 1 - *size;
    const long count =
        room > 0 ? sys_read(error_output, message + *size, room) : sys_read(error_output, unread, sizeof(unread));
    if (count <= 0) return count != 0;
    if (room > 0) *size += (size_t)count;
  }
}

// Reads what the runtime says until it has ended. Its status.
static int wait_for_runtime(int runtime, int signals, int error_output, char* message) {
  size_t size = 0;
  int status = 0;
  for (bool has_ended = false; !has_ended;) {
    struct pollfd watched[] = {{signals, POLLIN, 0}, {error_output, POLLIN, 0}};
    sys_poll(watched, 2, NULL);
    take_signals(signals);
    // Asked before reading: what was said before the end is then certainly read.
    has_ended = sys_wait(runtime, &status, WNOHANG) == runtime;
    if (error_output >= 0 && !read_message(error_output, message, &size)) error_output = -1;
  }
  message[size] = '\0';
  return status;
}

// The descriptor that the runtime has sent to the console socket; -1.
static int receive_terminal(int listener) {
  const int peer = accept_from(listener);
  if (peer < 0) return -1;
  char text[256];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {text, sizeof(text)};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  const long size = system_call(SYS_recvmsg, peer, (long)&message, MSG_CMSG_CLOEXEC, 0, 0);
  sys_close(peer);
  if (size < 0 || message.msg_controllen < CMSG_LEN(sizeof(int)) || control.header.cmsg_type != SCM_RIGHTS) return -1;
  const int terminal = *(const int*)CMSG_DATA(&control.header);
  // runc takes this away, for clients whose own terminal does it; those of the CRI expect "\r\n".
  struct termios settings;
  if (sys_ioctl(terminal, TCGETS, &settings) == 0) {
    settings.c_oflag |= ONLCR;
    sys_ioctl(terminal, TCSETS, &settings);
  }
  return terminal;
}

static int read_pid(void) {
  char text[16];
  const int file = sys_open(kPidFile, O_RDONLY, 0);
  const long size = sys_read(file, text, sizeof(text) - 1);
  sys_close(file);
  text[size > 0 ? size : 0] = '\0';
  const char* number = text;
  const int pid = take_number(&number);
  return pid > 0 ? pid : -1;
}

static int fail(char* message, const char* why) {
  *append_text(message, why) = '\0';
  return -1;
}

int create_container(const struct shim_options* options, int signals, struct container_streams* streams,
                     char* message) {
  struct pipes pipes;
  if (!make_pipes(options, &pipes)) return fail(message, "no pipes can be made");
  const int console = options->terminal ? listen_at(kConsole, SOCK_STREAM) : -1;
  if (options->terminal && console < 0) return fail(message, "no console socket can be made");
  const int runtime = sys_fork(SIGCHLD);
  if (runtime == 0) run_runtime(options, &pipes);
  if (runtime < 0) return fail(message, "no process can be made for the runtime");
  if (pipes.input[kReads] >= 0) sys_close(pipes.input[kReads]);
  sys_close(pipes.output[kWrites]);
  sys_close(pipes.error_output[kWrites]);
  set_nonblocking(pipes.error_output[kReads]);

  const int status = wait_for_runtime(runtime, signals, pipes.error_output[kReads], message);
  int terminal = -1;
  if (options->terminal) {
    terminal = receive_terminal(console);
    sys_close(console);
    sys_unlink(kConsole);
  }
  if (status != 0 && message[0] != '\0') return -1;
  if (status == 127 << 8) return fail(message, "the OCI runtime cannot be run");
  if (status != 0) return fail(message, "the OCI runtime failed and does not say why");
  const int pid = read_pid();
  if (pid < 0) return fail(message, "the OCI runtime names no process");
  if (options->terminal && terminal < 0) return fail(message, "the OCI runtime sends no terminal");

  if (options->terminal) {  // the pipes were the runtime's own
    sys_close(pipes.output[kReads]);
    sys_close(pipes.error_output[kReads]);
    *streams = (struct container_streams){-1, terminal, -1};
    if (options->stdin_open) streams->input = sys_fcntl(terminal, F_DUPFD_CLOEXEC, 0);
  } else {
    *streams = (struct container_streams){pipes.input[kWrites], pipes.output[kReads], pipes.error_output[kReads]};
    if (streams->input >= 0) set_nonblocking(streams->input);
  }
  set_nonblocking(streams->output);
  return pid;
}

// The shim: watches over one container from before its creation until after its end, in the background. It needs no
// agent, and there is one for each container: so it has no C library and fits in a few pages of memory.
//
//   shim [--stdin | --stdin-once] [--terminal] ID LOG RUNTIME ARGUMENTS...
//
//   --stdin       the container gets an input, which stays open
//   --stdin-once  it ends when the first client has no more to say
//   --terminal    the container gets a terminal; ARGUMENTS then name the runtime's --console-socket "console"
//   ID            the container's; an argument of its own, so that the process can be found by it
//   LOG           absolute path of the container's log; its directory exists
//   RUNTIME ...   the OCI runtime's command line that creates the container, with --pid-file "pid"
//
// The environment is handed to the runtime.
//
// The working directory is the container's, of the agent's making. In it:
//
//   pid        by the runtime: the container's first process
//   ID         the exit code, in decimal; 128 + signal when killed by one. Appears when the container has ended
//   exit-code  the same before that; its content means nothing
//   attach     SOCK_SEQPACKET socket for clients: they get packets of output with a byte in front that says of which
//              stream, 2 (stdout, terminal) or 3 (stderr), and send packets of input, of at most 8 KiB. A client that
//              ends its sending still gets output
//   ctl        FIFO, takes lines: "1 HEIGHT WIDTH" sets the terminal's size, "2 0 0" opens LOG by its name again
//
// ID, attach and ctl are as conmon (github.com/containers/conmon) has them, which did this before: the agent need not
// know under which of the two a container runs.
//
// Descriptor 3 is the report, a pipe. The shim writes one of these, and closes it:
//
//   ok PID SHIM   the container has been created, and waits for its start. PID: its first process; SHIM: ourselves
//
//   error TEXT    there is no container. TEXT, which may have lines, is mostly what the runtime said
//
// The process that was started ends at once, and the shim is then nobody's child but its subreaper's. It ends when the
// container's first process has ended and what had been said by then is in the log. A process that has been left behind
// and holds the streams is not waited for.
//
// What can go wrong:
//  * The log cannot be written (a full disk): that output is lost, clients still get it, the container knows nothing.
//    It cannot be opened again: the shim goes on with the file that it has.
//  * The disk is full when the container ends: the exit file has been there from the beginning and is renamed.
//  * The shim is killed: no exit file. The agent, which waits for the shim's end, kills the container. It takes
//    SIGKILL: other signals are blocked.
//  * The agent is killed while the container is created: nobody reads the report; the next agent finds a record of
//    something half made, and shim and container by their ID.
#include "shim.h"

#include "entry.h"
#include "shim_calls.h"
#include "shim_text.h"

#include <asm/termios.h>
#include <signal.h>
#include <sys/prctl.h>

enum { kReport = 3, kDrainedBytes = 1 << 20 };

static const struct timespec kTerminalPause = {1, 0};

// The one buffer for output: a piece is passed on before the next one is read.
static char piece[kPieceBytes];

static struct shim_options options;
static struct container_streams streams;
static int signals;  // readable when a child has ended
static int control;
static bool is_terminal_closed;  // by all processes, at present

// False when they make no sense.
static bool take_arguments(char** arguments) {
  for (; *arguments != NULL && (*arguments)[0] == '-'; ++arguments) {
    if (same_text(*arguments, "--stdin")) {
      options.stdin_open = true;
    } else if (same_text(*arguments, "--stdin-once")) {
      options.stdin_open = options.stdin_once = true;
    } else if (same_text(*arguments, "--terminal")) {
      options.terminal = true;
    } else {
      return false;
    }
  }
  for (int i = 0; i < 3; ++i) {
    if (arguments[i] == NULL) return false;
  }
  options.id = arguments[0];
  options.log_path = arguments[1];
  options.runtime = arguments + 2;
  return true;
}

__attribute__((noreturn)) static void report_failure(const char* text) {
  sys_write(kReport, "error ", 6);
  sys_write(kReport, text, text_length(text));
  exit_process(1);
}

static void become_daemon(void) {
  if (sys_fork(SIGCHLD) != 0) exit_process(0);
  system_call(SYS_setsid, 0, 0, 0, 0, 0);
  const int null = sys_open("/dev/null", O_RDWR, 0);
  for (int fd = 0; fd < kReport; ++fd) sys_dup_to(null, fd);
  if (null >= kReport) sys_close(null);
  sys_fcntl(kReport, F_SETFD, FD_CLOEXEC);
  system_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const unsigned long all = ~0UL;
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof(all), 0);
  const unsigned long child = 1UL << (SIGCHLD - 1);
  signals = (int)system_call(SYS_signalfd4, -1, (long)&child, sizeof(child), O_CLOEXEC | O_NONBLOCK, 0);
  if (signals < 0) report_failure("the ends of processes cannot be awaited");
}

static void report_success(int pid) {
  char text[64];
  char* end = append_text(text, "ok ");
  end = append_number(end, (unsigned long)pid, 1);
  *end++ = ' ';
  end = append_number(end, (unsigned long)system_call(SYS_getpid, 0, 0, 0, 0, 0), 1);
  *end++ = '\n';
  sys_write(kReport, text, (size_t)(end - text));
  sys_close(kReport);
}

static void open_files(void) {
  if (open_log(options.log_path) < 0) report_failure("the container's log cannot be opened");
  if (reserve_exit_file() < 0) report_failure("the exit file cannot be made");
  sys_unlink("ctl");
  system_call(SYS_mknodat, AT_FDCWD, (long)"ctl", S_IFIFO | 0600, 0, 0);
  control = sys_open("ctl", O_RDWR | O_NONBLOCK, 0);  // with a writer of our own it has no end
  if (control < 0) report_failure("the control pipe cannot be made");
  if (open_attach(&options) < 0) report_failure("the attach socket cannot be made");
}

// The kernel kills processes for memory by their size and this; without the right to lower it, it stays.
static void avoid_being_killed_for_memory(void) {
  const int file = sys_open("/proc/self/oom_score_adj", O_WRONLY, 0);
  if (file < 0) return;
  sys_write(file, "-999", 4);
  sys_close(file);
}

static void obey(const char* line) {
  const int command = take_number(&line);
  const int height = take_number(&line);
  const int width = take_number(&line);
  if (command == 1 && options.terminal) {
    struct winsize size = {(unsigned short)height, (unsigned short)width, 0, 0};
    sys_ioctl(streams.output, TIOCSWINSZ, &size);
  } else if (command == 2) {
    open_log(options.log_path);
  }
}

static void read_control(void) {
  static char line[64];
  static size_t size;
  char text[256];
  const long count = sys_read(control, text, sizeof(text));
  for (long i = 0; i < count; ++i) {
    if (text[i] == '\n') {
      line[size] = '\0';
      obey(line);
      size = 0;
    } else if (size < sizeof(line) - 1) {
      line[size++] = text[i];
    }
  }
}

// How many bytes of output were passed on; 0 when there is none at present, or will be none.
static size_t pass_on(int* stream, const char* name, char tag) {
  const long size = sys_read(*stream, piece, sizeof(piece));
  if (size > 0) {
    write_log(name, piece, (size_t)size);
    send_to_attached(tag, piece, (size_t)size);
    return (size_t)size;
  }
  if (size == -EAGAIN || size == -EINTR) return 0;
  if (size == -EIO && options.terminal) {
    is_terminal_closed = true;
    return 0;
  }
  sys_close(*stream);
  *stream = -1;
  return 0;
}

static size_t pass_on_output(void) { return pass_on(&streams.output, "stdout", 2); }
static size_t pass_on_error_output(void) { return pass_on(&streams.error_output, "stderr", 3); }

// Reaps all children that have ended. True when the container's first process was among them, or is no child of ours
// (any more): then it was killed while the runtime was still its parent.
static bool reap(int container, int* container_status) {
  take_signals(signals);
  bool found = false;
  int status = 0;
  int pid;
  while ((pid = sys_wait(-1, &status, WNOHANG)) > 0) {
    if (pid != container) continue;
    found = true;
    *container_status = status;
  }
  if (pid != -ECHILD || found) return found;
  *container_status = SIGKILL;
  return true;
}

// Until the container's first process has ended; its status.
static int serve(int container) {
  enum { kSignals, kControl, kOutput, kErrorOutput, kAttach, kWatched = kAttach + kAttachWatched };
  static struct pollfd watched[kWatched];
  int status = 0;
  while (!reap(container, &status)) {
    watched[kSignals] = (struct pollfd){signals, POLLIN, 0};
    watched[kControl] = (struct pollfd){control, POLLIN, 0};
    // A terminal that no process has open is always ready, and may be opened again.
    watched[kOutput] = (struct pollfd){is_terminal_closed ? -1 : streams.output, POLLIN, 0};
    watched[kErrorOutput] = (struct pollfd){streams.error_output, POLLIN, 0};
    watch_attached(watched + kAttach);
    struct timespec pause = kTerminalPause;
    sys_poll(watched, kWatched, is_terminal_closed ? &pause : NULL);
    is_terminal_closed = false;
    if (watched[kControl].revents != 0) read_control();
    if (watched[kOutput].revents != 0) pass_on_output();
    if (watched[kErrorOutput].revents != 0) pass_on_error_output();
    serve_attached(watched + kAttach);
  }
  return status;
}

// What was said before the end. Others may go on writing, so there is a limit: no pipe holds more.
static void drain(void) {
  for (size_t left = kDrainedBytes, size; streams.output >= 0 && left > 0; left -= size < left ? size : left) {
    if ((size = pass_on_output()) == 0) break;
  }
  for (size_t left = kDrainedBytes, size; streams.error_output >= 0 && left > 0; left -= size < left ? size : left) {
    if ((size = pass_on_error_output()) == 0) break;
  }
}

__attribute__((noreturn, used)) void start(long* stack) {
  char** arguments = (char**)(stack + 1);
  options.environment = arguments + stack[0] + 1;
  if (stack[0] < 1 || !take_arguments(arguments + 1)) exit_process(2);
  become_daemon();
  open_files();
  const int container = create_container(&options, signals, &streams, piece);
  if (container < 0) report_failure(piece);
  avoid_being_killed_for_memory();
  give_input_to(streams.input);
  if (piece[0] != '\0') write_log("stderr", piece, text_length(piece));
  report_success(container);

  const int status = serve(container);
  write_exit_file(options.id, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  drain();
  exit_process(0);
}

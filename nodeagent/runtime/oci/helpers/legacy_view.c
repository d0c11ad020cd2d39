// legacy-view RUNTIME ARGUMENTS...: runs an OCI runtime with a view of /sys/fs/cgroup that it accepts.
// crun refuses to work where cgroup v1 hierarchies and a cgroup2 with controllers are mounted side by side (what
// systemd calls hybrid mode). In a mount namespace of its own, with /sys/fs/cgroup/unified gone, it sees plain cgroup
// v1. On other hosts the program changes nothing. Exit code 125 when the namespace cannot be made, 127 when RUNTIME
// cannot be run.
#include "entry.h"
#include "syscalls.h"

enum {
  kNewMountNamespace = 0x00020000,
  kRecursive = 0x4000,
  kSlave = 1 << 19,
  kDetach = 2,
  kCgroup2Magic = 0x63677270
};

static long file_system_type(const char* path) {
  long buffer[32] = {0};  // struct statfs begins with a long f_type
  if (system_call(SYS_statfs, (long)path, (long)buffer, 0, 0, 0) != 0) return 0;
  return buffer[0];
}

__attribute__((noreturn, used)) void start(long* stack) {
  const long argc = stack[0];
  char** argv = (char**)(stack + 1);
  char** environment = argv + argc + 1;
  if (argc < 2) exit_process(125);
  const char* unified = "/sys/fs/cgroup/unified";
  if (file_system_type(unified) == kCgroup2Magic && file_system_type("/sys/fs/cgroup") != kCgroup2Magic) {
    if (system_call(SYS_unshare, kNewMountNamespace, 0, 0, 0, 0) != 0) exit_process(125);
    if (system_call(SYS_mount, 0, (long)"/", 0, kRecursive | kSlave, 0) != 0) exit_process(125);
    if (system_call(SYS_umount2, (long)unified, kDetach, 0, 0, 0) != 0) exit_process(125);
  }
  system_call(SYS_execve, (long)argv[1], (long)(argv + 1), (long)environment, 0, 0);
  exit_process(127);
}

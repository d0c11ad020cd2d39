// The pause program: keeps a pod's namespaces alive and, as PID 1 of a pod with a shared process namespace, reaps
// zombies. Ends on SIGTERM and SIGINT. It waits for blocked signals instead of installing handlers: the kernel drops
// signals that PID 1 has no handler for, unless they are blocked.
#include "entry.h"
#include "syscalls.h"

enum { kSigInt = 2, kSigTerm = 15, kSigChld = 17, kSigBlock = 0, kNoHang = 1 };

__attribute__((noreturn, used)) void start(void) {
  const unsigned long signals = 1UL << (kSigInt - 1) | 1UL << (kSigTerm - 1) | 1UL << (kSigChld - 1);
  system_call(SYS_rt_sigprocmask, kSigBlock, (long)&signals, 0, sizeof signals, 0);
  for (;;) {
    const long received = system_call(SYS_rt_sigtimedwait, (long)&signals, 0, 0, sizeof signals, 0);
    if (received == kSigInt || received == kSigTerm) exit_process(0);
    while (system_call(SYS_wait4, -1, 0, kNoHang, 0, 0) > 0) {
    }
  }
}

// System calls without a C library, for the freestanding helper programs.
#pragma once

#if defined(__x86_64__)
#define SYS_execve 59
#define SYS_exit 60
#define SYS_wait4 61
#define SYS_rt_sigprocmask 14
#define SYS_rt_sigtimedwait 128
#define SYS_mount 165
#define SYS_umount2 166
#define SYS_statfs 137
#define SYS_unshare 272
static inline long system_call(long number, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
// The kernel enters with argc, argv and envp on the stack; hand its address to start().
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall start\n");
#elif defined(__aarch64__)
#define SYS_execve 221
#define SYS_exit 93
#define SYS_wait4 260
#define SYS_rt_sigprocmask 135
#define SYS_rt_sigtimedwait 137
#define SYS_mount 40
#define SYS_umount2 39
#define SYS_statfs 43
#define SYS_unshare 97
static inline long system_call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\nbl start\n");
#else
#error "add this architecture's system calls"
#endif

__attribute__((noreturn)) static inline void exit_process(int code) {
  for (;;) system_call(SYS_exit, code, 0, 0, 0, 0);
}

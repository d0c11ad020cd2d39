// The system calls that the shim's files use, by their usual names and with usual types. A negative result is an errno.
#pragma once

#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static inline int sys_open(const char* path, int flags, int mode) {
  return (int)system_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, mode, 0);
}
static inline void sys_close(int fd) { system_call(SYS_close, fd, 0, 0, 0, 0); }
static inline long sys_read(int fd, void* buffer, size_t size) {
  return system_call(SYS_read, fd, (long)buffer, (long)size, 0, 0);
}
static inline long sys_write(int fd, const void* buffer, size_t size) {
  return system_call(SYS_write, fd, (long)buffer, (long)size, 0, 0);
}
static inline long sys_writev(int fd, const struct iovec* parts, int count) {
  return system_call(SYS_writev, fd, (long)parts, count, 0, 0);
}
static inline void sys_unlink(const char* path) { system_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0); }
static inline int sys_rename(const char* from, const char* to) {
  return (int)system_call(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0);
}
static inline int sys_pipe(int ends[2]) { return (int)system_call(SYS_pipe2, (long)ends, O_CLOEXEC, 0, 0, 0); }
// The copy is kept by a program that is executed.
static inline int sys_dup_to(int fd, int number) { return (int)system_call(SYS_dup3, fd, number, 0, 0, 0); }
static inline int sys_fcntl(int fd, int command, long argument) {
  return (int)system_call(SYS_fcntl, fd, command, argument, 0, 0);
}
static inline void set_nonblocking(int fd) { sys_fcntl(fd, F_SETFL, sys_fcntl(fd, F_GETFL, 0) | O_NONBLOCK); }
static inline int sys_ioctl(int fd, unsigned long request, void* argument) {
  return (int)system_call(SYS_ioctl, fd, (long)request, (long)argument, 0, 0);
}
static inline int sys_poll(struct pollfd* watched, int count, const struct timespec* timeout) {
  return (int)system_call(SYS_ppoll, (long)watched, count, (long)timeout, 0, 0);
}
static inline int sys_fork(int signal) { return (int)system_call(SYS_clone, signal, 0, 0, 0, 0); }
static inline int sys_wait(int pid, int* status, int options) {
  return (int)system_call(SYS_wait4, pid, (long)status, options, 0, 0);
}

// Empties a signalfd, so that it is readable for the next signal. To be called before looking for what it was about.
static inline void take_signals(int signals) {
  char unread[128];
  while (sys_read(signals, unread, sizeof(unread)) > 0) {
  }
}

// A socket that listens at `name` in the working directory, for us alone. A negative errno otherwise.
static inline int listen_at(const char* name, int type) {
  const int fd = (int)system_call(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0);
  if (fd < 0) return fd;
  static struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = 0;
  for (; name[length] != '\0'; ++length) address.sun_path[length] = name[length];
  address.sun_path[length] = '\0';
  sys_unlink(name);
  long failed = system_call(SYS_bind, fd, (long)&address, sizeof(address), 0, 0);
  if (failed == 0) failed = system_call(SYS_fchmodat, AT_FDCWD, (long)name, 0600, 0, 0);
  if (failed == 0) failed = system_call(SYS_listen, fd, 10, 0, 0, 0);
  if (failed == 0) return fd;
  sys_close(fd);
  return (int)failed;
}
static inline int accept_from(int listener) {
  return (int)system_call(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

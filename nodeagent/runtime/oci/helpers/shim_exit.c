// The exit file: the container's exit code in decimal, under a name that appears only when all of it is there. When the
// container ended is the file's time of modification.
#include "shim.h"
#include "shim_calls.h"
#include "shim_text.h"

static const char kReservedName[] = "exit-code";
static int exit_file = -1;

int reserve_exit_file(void) {
  exit_file = sys_open(kReservedName, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (exit_file < 0) return exit_file;
  // The code overwrites this, so that its block is the file's own from now on.
  const long written = sys_write(exit_file, "none\n", 5);
  return written < 0 ? (int)written : 0;
}

void write_exit_file(const char* name, int code) {
  char text[24];
  const size_t length = (size_t)(append_number(text, (unsigned long)code, 1) - text);
  system_call(SYS_lseek, exit_file, 0, SEEK_SET, 0, 0);
  sys_write(exit_file, text, length);
  system_call(SYS_ftruncate, exit_file, (long)length, 0, 0, 0);
  sys_rename(kReservedName, name);
}

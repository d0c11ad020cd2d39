// What the files of the shim share. What it is and does stands in shim.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
  kPieceBytes = 8192,  // of output or input that are passed on at once
  kMaxClients = 16,    // attached at the same time
};

// What the agent asks for.
struct shim_options {
  bool stdin_open;
  bool stdin_once;
  bool terminal;
  const char* id;
  const char* log_path;
  char** runtime;  // program and arguments, ends with a null pointer
  char** environment;
};

// Our ends of the container's standard streams; -1: there is none (any more). With a terminal, input and output are two
// descriptors of it.
struct container_streams {
  int input;
  int output;
  int error_output;
};

// --- shim_create.c ---
// Has the runtime create the container and returns the pid of its first process. Otherwise -1, and what the runtime
// said is in `message`, a string of fewer than kPieceBytes. What it said although it succeeded is there, too.
int create_container(const struct shim_options* options, int signals, struct container_streams* streams, char* message);

// --- shim_log.c ---
// Opens the container's log, or what has taken its name meanwhile. On failure the log that is open stays: 0 or an
// errno, negative.
int open_log(const char* path);
// Writes a piece of what the container said. Never fails: what there is no room for is lost.
void write_log(const char* stream, const char* text, size_t size);

// --- shim_attach.c ---
struct pollfd;
enum { kAttachWatched = 2 + kMaxClients };
// Listens for clients at "attach". 0 or an errno, negative.
int open_attach(const struct shim_options* options);
// What clients say goes there from now on; -1: it is lost.
void give_input_to(int input);
// Says what to wait for in kAttachWatched places.
void watch_attached(struct pollfd* watched);
// Does what came.
void serve_attached(const struct pollfd* watched);
// Passes on a piece of output. `stream` is the byte that says which.
void send_to_attached(char stream, const char* text, size_t size);

// --- shim_exit.c ---
// Makes the file that the exit code will go into, so that a full disk cannot keep it from being told. 0 or an errno.
int reserve_exit_file(void);
// Writes the code and gives the file its name.
void write_exit_file(const char* name, int code);

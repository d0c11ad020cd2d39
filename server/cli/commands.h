#pragma once

#include "server/cli/options.h"

// The commands behind the command line: each does its work, prints what it has to say, and returns the process's exit
// code. A failure is one line on stderr, "skiff: ...".
namespace skiff::server {

// Runs until SIGTERM or SIGINT.
int run_serve(const ServeOptions& options);
// Runs until SIGTERM or SIGINT.
int run_agent(const JoinOptions& options);
int run_token(const TokenOptions& options);
int run_image(const ImageOptions& options);
int run_database(const DatabaseOptions& options);
int run_clean(const CleanOptions& options);
int run_kubeconfig(const KubeconfigOptions& options);
int run_version();

// For a process that serves: connections may break, and there may be many.
void prepare_process();

// Prints "skiff: message" to stderr; returns 1.
int fail(const std::string& message);

}  // namespace skiff::server

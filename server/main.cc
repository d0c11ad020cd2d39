#include "server/cli/commands.h"

#include <iostream>

namespace {

using namespace skiff::server;

struct RunCommand {
  int operator()(const ServeOptions& options) const { return run_serve(options); }
  int operator()(const JoinOptions& options) const { return run_agent(options); }
  int operator()(const TokenOptions& options) const { return run_token(options); }
  int operator()(const ImageOptions& options) const { return run_image(options); }
  int operator()(const DatabaseOptions& options) const { return run_database(options); }
  int operator()(const CleanOptions& options) const { return run_clean(options); }
  int operator()(const KubeconfigOptions& options) const { return run_kubeconfig(options); }
  int operator()(const VersionOptions&) const { return run_version(); }
  int operator()(const Usage& usage) const {
    (usage.exit_code == 0 ? std::cout : std::cerr) << usage.text;
    return usage.exit_code;
  }
};

}  // namespace

// The settings of jemalloc, where the program is linked with it; the environment's MALLOC_CONF goes before. What is
// freed goes back to the system a second or two later, also when nothing is allocated any more: by a thread that sleeps
// while there is nothing to give back.
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,max_background_threads:1,dirty_decay_ms:1000";

int main(int argc, char** argv) { return std::visit(RunCommand(), parse_command_line(argc, argv)); }

#include "server/cli/commands.h"

#include "api/base/descriptor_limit.h"
#include "api/base/files.h"
#include "server/cli/data_directory.h"
#include "server/handlers/version.h"

#include <signal.h>

#include <iostream>

namespace skiff::server {

int fail(const std::string& message) {
  std::cerr << "skiff: " << message << '\n';
  return 1;
}

void prepare_process() {
  // A client that goes away is an error of its connection, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
}

int run_kubeconfig(const KubeconfigOptions& options) {
  const std::string path = DataDirectory::peek(options.data_directory).kubeconfig();
  const auto text = read_file(path);
  if (!text) return fail(text.error().message + " (has `skiff up` run on this data directory?)");
  std::cout << *text;
  return 0;
}

int run_version() {
  std::cout << "skiff " << SKIFF_VERSION << " (Kubernetes API " << kKubernetesVersion << ")\n";
  return 0;
}

}  // namespace skiff::server

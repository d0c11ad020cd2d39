#include "server/cli/commands.h"

#include "server/cli/data_directory.h"
#include "server/handlers/version.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

namespace skiff::server {

int fail(const std::string& message) {
  std::cerr << "skiff: " << message << '\n';
  return 1;
}

int run_kubeconfig(const KubeconfigOptions& options) {
  const std::string path = DataDirectory::peek(options.data_directory).kubeconfig();
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(errno_error(path).message + " (has `skiff up` run on this data directory?)");
  std::cout << file.rdbuf();
  return 0;
}

int run_version() {
  std::cout << "skiff " << SKIFF_VERSION << " (Kubernetes API " << kKubernetesVersion << ")\n";
  return 0;
}

}  // namespace skiff::server

#include "server/cli/commands.h"

#include "api/base/files.h"
#include "server/cli/data_directory.h"
#include "server/handlers/version.h"

#include <signal.h>
#include <sys/resource.h>

#include <iostream>

namespace skiff::server {

int fail(const std::string& message) {
  std::cerr << "skiff: " << message << '\n';
  return 1;
}

void prepare_process() {
  // A client that goes away is an error of its connection, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
  // Every connection, watch of a log and container takes descriptors; the usual soft limit of 1024 would end at a
  // thousand watchers.
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
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

#include "api/base/log.h"
#include "server/cli/commands.h"
#include "server/cli/data_directory.h"
#include "server/cluster/control_plane.h"
#include "server/cluster/nodes.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>

namespace skiff::server {
namespace {

// The one line on stdout that scripts wait for.
void announce(const ControlPlane& control_plane) {
  const Json line = {{"ready", true},
                     {"server", control_plane.url()},
                     {"kubeconfig", control_plane.kubeconfig_path()},
                     {"pid", getpid()}};
  std::cout << to_json_text(line) << std::endl;
}

Task<Result<void>> start(ControlPlane& control_plane, Nodes* nodes) {
  if (auto started = co_await control_plane.start(); !started) co_return started.error();
  if (nodes == nullptr) co_return Result<void>();
  co_return co_await nodes->start();
}

// The nodes of this process, known to the server before they are to the API.
Result<std::unique_ptr<Nodes>> open_nodes(const NodeOptions& options, const DataDirectory& directory,
                                          const Clock& clock, ControlPlane& control_plane) {
  const auto names = Nodes::names(options);
  if (!names) return names.error();
  std::unique_ptr<api::Client> client = control_plane.node_client(names->empty() ? "none" : names->front());
  auto nodes = Nodes::open(options, directory, clock, std::move(client), nodeagent::NodePresence());
  if (!nodes) return nodes.error();
  for (const std::string& name : *names) control_plane.nodes().add(name, (*nodes)->service());
  return nodes;
}

// From start to stopped. `failure` is set when it did not start.
Task<void> serve(ControlPlane& control_plane, Nodes* nodes, asio::signal_set& signals, std::optional<Error>& failure) {
  Signal stop(co_await asio::this_coro::executor);
  signals.async_wait([&signals, wake = stop.notifier()](const boost::system::error_code& cancelled, int signal) {
    if (cancelled) return;
    spdlog::info("stopping on signal {}", signal);
    // A second signal is impatience, also during a start that hangs: it ends the process at once.
    signals.clear();
    wake();
  });
  const auto started = co_await start(control_plane, nodes);
  if (started) {
    announce(control_plane);
    co_await stop.wait();
  } else {
    failure = started.error();
  }
  signals.cancel();  // the wait would keep the process alive
  signals.clear();
  if (nodes != nullptr) co_await nodes->stop();
  co_await control_plane.stop();
}

}  // namespace

int run_serve(const ServeOptions& options) {
  if (!init_logging(options.global.log_level, options.global.log_format)) {
    return fail("unknown log level " + options.global.log_level);
  }
  prepare_process();
  const SystemClock clock;
  const auto directory = DataDirectory::open(options.data_directory);
  if (!directory) return fail(directory.error().message);
  auto control_plane = ControlPlane::open(options, *directory, clock);
  if (!control_plane) return fail(control_plane.error().message);
  std::unique_ptr<Nodes> nodes;
  if (options.with_nodes) {
    auto opened = open_nodes(options.node, *directory, clock, **control_plane);
    if (!opened) return fail(opened.error().message);
    nodes = std::move(*opened);
  }

  asio::io_context context(1);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  std::optional<Error> failure;
  asio::co_spawn(context, serve(**control_plane, nodes.get(), signals, failure),
                 [](const std::exception_ptr& exception) {
                   if (exception) std::rethrow_exception(exception);
                 });
  context.run();
  (*control_plane)->nodes().clear();
  nodes.reset();
  if (failure) return fail(failure->message);
  if (options.remove_on_exit) {
    if (const auto cleaned = clean_node(*directory); !cleaned) return fail(cleaned.error().message);
  }
  return 0;
}

int run_clean(const CleanOptions& options) {
  if (!init_logging(options.global.log_level, options.global.log_format)) {
    return fail("unknown log level " + options.global.log_level);
  }
  // The lock tells that no skiff runs on it.
  const auto directory = DataDirectory::open(options.data_directory);
  if (!directory) return fail(directory.error().message);
  const auto cleaned = clean_node(*directory);
  return cleaned ? 0 : fail(cleaned.error().message);
}

}  // namespace skiff::server

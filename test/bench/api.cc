// The same work against any Kubernetes API server, with latencies as its clients see them: ConfigMaps of 1 KiB are
// created, read, replaced, listed and deleted by 1, 8 and 64 clients, lists of many objects are read whole and in
// pages, events go out to up to 1,000 watchers, and one user asks for more than all others. Everything happens in a
// namespace that it makes and removes.
//
//   ninja -C build/release run_bench_api               against a skiff of its own
//   build/release/test/bench_api --server https://127.0.0.1:6443 --token T --certificate-authority ca.crt
//
// Clients and server share the machine's cores, as they do for those who run both.
#include "api/base/descriptor_limit.h"
#include "api/client/http/http_connection.h"
#include "api/client/http/kubeconfig.h"
#include "api/client/http/tls.h"
#include "test/bench/figures.h"
#include "test/bench/watchers.h"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <semaphore>
#include <sstream>
#include <thread>

namespace skiff::bench {
namespace {

using api::HttpConnection;
using api::HttpRequest;
using std::chrono::steady_clock;

struct Options {
  std::string kubeconfig;
  std::string server;
  std::string token;
  std::string authority_file;
  int pid = 0;  // of the server, for its memory and CPU; 0: elsewhere
  std::size_t requests = 5000;
  std::vector<std::size_t> objects = {10'000, 150'000};  // that there are when the large lists are read
  std::size_t watchers = 1000;
  std::size_t events = 50;
  std::string flooder_token;
  std::string other_token;
};

struct Target {
  api::Endpoint endpoint;
  std::shared_ptr<asio::ssl::context> tls;
  std::string token;
  std::string namespace_;

  [[nodiscard]] std::string config_maps() const { return "/api/v1/namespaces/" + namespace_ + "/configmaps"; }
  [[nodiscard]] HttpRequest request(std::string method, std::string path, std::string body = "") const {
    HttpRequest request{std::move(method), std::move(path), {{"Authorization", "Bearer " + token}}, std::move(body)};
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    return request;
  }
  // A request as it is sent.
  [[nodiscard]] std::string text(const std::string& method, const std::string& path,
                                 const std::string& body = "") const {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        method, path, endpoint.to_string(), token, body.size(), body);
  }
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "bench_api: %s\n", message.c_str());
  std::exit(1);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- one request, many requests

// Reads the answer to its end, and says its status; what is no answer ends the benchmark.
Task<int> ask(HttpConnection& connection, HttpRequest request, std::string& body) {
  const std::string shown = request.method + " " + request.target;
  const auto status = co_await connection.send(std::move(request));
  if (!status) fail(shown + ": " + status.error().message);
  for (;;) {
    auto piece = co_await connection.read_some();
    if (!piece) fail(shown + ": " + piece.error().message);
    if (piece->empty()) break;
    body += *piece;
  }
  co_return *status;
}

// As ask(); anything but success ends the benchmark.
Task<std::string> call(HttpConnection& connection, HttpRequest request) {
  const std::string shown = request.method + " " + request.target;
  std::string body;
  const int status = co_await ask(connection, std::move(request), body);
  if (status >= 300) fail(shown + ": " + std::to_string(status) + " " + body);
  co_return body;
}

Task<std::unique_ptr<HttpConnection>> connect(const Target& target) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  auto opened = co_await HttpConnection::open(target.endpoint, target.tls, deadline);
  if (!opened) fail(target.endpoint.to_string() + ": " + opened.error().message);
  (*opened)->set_deadline(steady_clock::time_point::max());
  co_return std::move(*opened);
}

// Requests by number, which clients take one after the other.
struct Load {
  std::size_t count = 0;
  std::function<HttpRequest(std::size_t number)> request;
  std::size_t next = 0;
  std::vector<Seconds> latencies{};
  std::size_t bytes = 0;
};

Task<void> run_client(HttpConnection& connection, Load& load) {
  while (load.next < load.count) {
    HttpRequest request = load.request(load.next++);
    const auto begin = steady_clock::now();
    const std::string body = co_await call(connection, std::move(request));
    load.latencies.emplace_back(steady_clock::now() - begin);
    load.bytes += body.size();
  }
}

void spawn(asio::io_context& context, Task<void> task) {
  asio::co_spawn(context, std::move(task), [](const std::exception_ptr& exception) {
    if (exception) std::rethrow_exception(exception);
  });
}

void run(Task<void> task) {
  asio::io_context context;
  spawn(context, std::move(task));
  context.run();
}

// Connections whose handshakes are over, which cost more than the requests that are measured on them.
using Connections = std::vector<std::unique_ptr<HttpConnection>>;

Task<void> connect_into(const Target& target, Connections& connections) {
  auto connection = co_await connect(target);
  connections.push_back(std::move(connection));
}

Connections open_connections(asio::io_context& context, const Target& target, std::size_t count) {
  Connections connections;
  for (std::size_t i = 0; i < count; ++i) spawn(context, connect_into(target, connections));
  context.run();
  context.restart();
  return connections;
}

// ---- figures

// Of the server, if it is on this machine.
Seconds server_cpu(const Options& options) { return options.pid == 0 ? Seconds() : cpu_of(options.pid); }

void print_head() {
  fmt::print("{:<34} {:>7} {:>10} {:>9} {:>9} {:>9} {:>14}\n", "", "clients", "per second", "p50 ms", "p99 ms",
             "max ms", "server CPU us");
}

void measure(const Options& options, const Target& target, const char* what, std::size_t clients, Load load) {
  asio::io_context context;
  const Connections connections = open_connections(context, target, clients);
  const Seconds cpu = server_cpu(options);
  const auto begin = steady_clock::now();
  for (const auto& connection : connections) spawn(context, run_client(*connection, load));
  context.run();
  const Seconds took = steady_clock::now() - begin;
  const Seconds used = server_cpu(options) - cpu;
  fmt::print("{:<34} {:>7} {:>10.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>14}\n", what, clients,
             static_cast<double>(load.count) / took.count(), percentile(load.latencies, 0.5),
             percentile(load.latencies, 0.99), percentile(load.latencies, 1),
             options.pid == 0 ? "-" : fmt::format("{:.0f}", used.count() * 1e6 / static_cast<double>(load.count)));
  std::fflush(stdout);
}

// ---- the work

std::string config_map(const std::string& name, char filling) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
         R"(","labels":{"app":"bench"}},"data":{"text":")" + std::string(1024, filling) + "\"}}";
}

void measure_verbs(const Options& options, const Target& target, std::size_t clients) {
  const std::size_t count = clients == 1 ? std::max<std::size_t>(options.requests / 10, 1) : options.requests;
  const auto name = [clients](std::size_t i) { return fmt::format("c{}-{}", clients, i); };
  const auto path = [&](std::size_t i) { return target.config_maps() + "/" + name(i); };
  const auto load = [&](const char* what, std::size_t times, std::function<HttpRequest(std::size_t)> request) {
    measure(options, target, what, clients, Load{times, std::move(request)});
  };
  load("create", count,
       [&](std::size_t i) { return target.request("POST", target.config_maps(), config_map(name(i), 'a')); });
  load("get", count, [&](std::size_t i) { return target.request("GET", path(i)); });
  load("replace", count, [&](std::size_t i) { return target.request("PUT", path(i), config_map(name(i), 'b')); });
  load("list 500", std::max<std::size_t>(count / 10, 1),
       [&](std::size_t) { return target.request("GET", target.config_maps() + "?limit=500"); });
  load("delete", count, [&](std::size_t i) { return target.request("DELETE", path(i)); });
}

Task<void> read_in_pages(const Target& target, std::size_t& pages) {
  const std::unique_ptr<HttpConnection> connection = co_await connect(target);
  std::string token;
  do {
    std::string path = target.config_maps();
    api::add_parameter(path, "limit", "500");
    api::add_optional_parameter(path, "continue", token);
    const std::string body = co_await call(*connection, target.request("GET", std::move(path)));
    ++pages;
    token.clear();
    constexpr std::string_view kContinue = "\"continue\":\"";
    // It stands before the items.
    const std::size_t at = body.substr(0, 4096).find(kContinue);
    if (at != std::string::npos) {
      const std::size_t begin = at + kContinue.size();
      token = body.substr(begin, body.find('"', begin) - begin);
    }
  } while (!token.empty());
  connection->close();
}

void print_memory(const Options& options, const std::string& when) {
  if (options.pid == 0) return;
  fmt::print("{:<34} {:>7} {:>10.1f} MiB\n", "memory of the server " + when, "", memory_mib(options.pid));
}

// With `objects` in the namespace, of which `present` are there.
void measure_lists(const Options& options, const Target& target, std::size_t present, std::size_t objects) {
  Load filling{objects - present, [&](std::size_t i) {
                 const std::string name = fmt::format("many-{}", present + i);
                 return target.request("POST", target.config_maps(), config_map(name, 'm'));
               }};
  measure(options, target, fmt::format("create {} objects", objects - present).c_str(), 64, std::move(filling));
  print_memory(options, fmt::format("with {}", objects));
  measure(options, target, fmt::format("list {} at once", objects).c_str(), 1,
          Load{5, [&](std::size_t) { return target.request("GET", target.config_maps()); }});
  std::size_t pages = 0;
  const auto begin = steady_clock::now();
  run(read_in_pages(target, pages));
  fmt::print("{:<34} {:>7} {:>10} {:>9.2f}\n", fmt::format("list {} in {} pages, in all", objects, pages), 1, "",
             milliseconds(steady_clock::now() - begin));
}

// ---- watches

Task<void> find_present(const Target& target, std::string& resource_version) {
  const std::unique_ptr<HttpConnection> connection = co_await connect(target);
  const std::string body = co_await call(*connection, target.request("GET", target.config_maps() + "?limit=1"));
  resource_version = string_at(parse_json(body)->value, {"metadata", "resourceVersion"});
  connection->close();
}

void measure_fan_out(const Options& options, const Target& target, std::size_t count) {
  std::string path = target.config_maps();
  std::string resource_version;
  run(find_present(target, resource_version));
  api::add_parameter(path, "watch", "true");
  api::add_parameter(path, "resourceVersion", resource_version);
  Watchers watchers(target.endpoint, target.tls->native_handle(), target.text("GET", path), count);
  std::vector<Seconds> latencies;
  std::vector<Seconds> last;
  const Seconds cpu = server_cpu(options);
  for (std::size_t i = 0; i < options.events; ++i) {
    const std::string name = fmt::format("event-{}-{}", count, i);
    std::vector<Seconds> told = watchers.tell(target.text("POST", target.config_maps(), config_map(name, 'w')), name);
    last.push_back(*std::max_element(told.begin(), told.end()));
    latencies.insert(latencies.end(), told.begin(), told.end());
  }
  const Seconds used = server_cpu(options) - cpu;
  const std::string cpu_text =
      options.pid == 0 ? "-" : fmt::format("{:.0f}", used.count() * 1e6 / static_cast<double>(options.events));
  fmt::print("{:<34} {:>7} {:>10} {:>9.2f} {:>9.2f} {:>9.2f} {:>14}\n", "write -> event at a watcher", count, "",
             percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 1), cpu_text);
  fmt::print("{:<34} {:>7} {:>10} {:>9.2f} {:>9.2f} {:>9.2f}\n", "write -> event at the last of them", count, "",
             percentile(last, 0.5), percentile(last, 0.99), percentile(last, 1));
  std::fflush(stdout);
}

// ---- a flood

// A user who asks for lists without end and without waiting when told to, on a thread of its own.
class Flood {
 public:
  Flood(const Target& target, std::size_t clients)
      : target_(target), connections_(open_connections(context_, target, clients)) {
    for (const auto& connection : connections_) spawn(context_, ask_on(*connection));
    thread_ = std::thread([this] { context_.run(); });
    answers_.acquire();
  }
  ~Flood() {
    over_ = true;
    thread_.join();
    fmt::print("{:<34} {:>7} {:>10} answered, {} refused\n", "", "", answered_, refused_);
  }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

 private:
  Task<void> ask_on(HttpConnection& connection) {
    while (!over_) {
      std::string body;
      HttpRequest request = target_.request("GET", target_.config_maps() + "?limit=500");
      const int status = co_await ask(connection, std::move(request), body);
      if (answered_ + refused_ == 0) answers_.release();
      ++(status == 429 ? refused_ : answered_);
    }
  }

  const Target target_;
  asio::io_context context_;
  const Connections connections_;
  std::binary_semaphore answers_{0};  // there are some
  std::atomic<bool> over_ = false;
  std::size_t answered_ = 0;  // the thread's
  std::size_t refused_ = 0;
  std::thread thread_;
};

void measure_flood(const Options& options, Target target, std::size_t clients) {
  Target flooder = target;
  flooder.token = options.flooder_token;
  target.token = options.other_token;
  const Flood flood(flooder, clients);
  const std::size_t writes = std::max<std::size_t>(options.requests / 10, 1);
  const std::string path = target.config_maps();
  const auto name = [&](std::size_t i) { return fmt::format("flooded-{}-{}", clients, i % writes); };
  const auto load = [&](const char* what, std::size_t count, std::function<HttpRequest(std::size_t)> request) {
    measure(options, target, fmt::format("{} while {} clients list", what, clients).c_str(), 1,
            Load{count, std::move(request)});
  };
  load("create", writes, [&](std::size_t i) { return target.request("POST", path, config_map(name(i), 'f')); });
  load("get", 10 * writes, [&](std::size_t i) { return target.request("GET", path + "/" + name(i)); });
}

// ---- where

Task<void> call_once(const Target& target, HttpRequest request) {
  const std::unique_ptr<HttpConnection> connection = co_await connect(target);
  co_await call(*connection, std::move(request));
  connection->close();
}

Target find_target(const Options& options) {
  Target target;
  api::ClientTlsOptions tls;
  if (!options.kubeconfig.empty()) {
    const auto config = api::parse_kubeconfig(read_file(options.kubeconfig));
    if (!config) fail(options.kubeconfig + ": " + config.error().message);
    target.endpoint = config->server;
    target.token = config->token;
    tls.authorities = config->authority;
  } else {
    const auto endpoint = api::parse_server_url(options.server);
    if (!endpoint) fail(endpoint.error().message);
    target.endpoint = *endpoint;
    target.token = options.token;
    tls.authorities = read_file(options.authority_file);
  }
  auto context = api::make_client_context(tls);
  if (!context) fail(context.error().message);
  target.tls = std::move(*context);
  target.namespace_ = "skiff-bench-" + std::to_string(getpid());
  return target;
}

int benchmark(const Options& options) {
  const Target target = find_target(options);
  const std::string body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + target.namespace_ + "\"}}";
  run(call_once(target, target.request("POST", "/api/v1/namespaces", body)));
  print_head();
  if (options.requests > 0) {
    for (const std::size_t clients : {1, 8, 64}) measure_verbs(options, target, clients);
  }
  if (options.watchers > 0) {
    for (std::size_t watchers = 1; watchers < options.watchers; watchers *= 10) {
      measure_fan_out(options, target, watchers);
    }
    measure_fan_out(options, target, options.watchers);
  }
  std::size_t present = 0;
  for (const std::size_t objects : options.objects) {
    if (objects > present) measure_lists(options, target, present, objects);
    present = std::max(present, objects);
  }
  if (!options.flooder_token.empty()) {
    for (const std::size_t clients : {64, 1000}) measure_flood(options, target, clients);
  }
  print_memory(options, "at the end");
  run(call_once(target, target.request("DELETE", "/api/v1/namespaces/" + target.namespace_)));
  return 0;
}

}  // namespace
}  // namespace skiff::bench

int main(int argc, char** argv) {
  skiff::raise_descriptor_limit();
  skiff::bench::Options options;
  CLI::App app("Measures a Kubernetes API server as its clients see it.");
  auto* kubeconfig = app.add_option("--kubeconfig", options.kubeconfig, "With the server, its authority and a token");
  auto* server = app.add_option("--server", options.server, "URL")->excludes(kubeconfig);
  app.add_option("--token", options.token, "Bearer token")->needs(server);
  app.add_option("--certificate-authority", options.authority_file, "PEM file")->needs(server);
  app.add_option("--pid", options.pid, "Of the server, to measure its CPU and memory");
  app.add_option("--requests", options.requests, "Of each kind, by 8 and 64 clients (a tenth by one); 0: none");
  app.add_option("--objects", options.objects, "Of the large lists, one size after the other; 0: none");
  app.add_option("--watchers", options.watchers, "At most; 0: none");
  auto* flooder =
      app.add_option("--flooder-token", options.flooder_token,
                     "Of a user whose requests are limited: measures the others while it floods the server");
  app.add_option("--other-token", options.other_token, "Of one of these others")->needs(flooder);
  app.add_option("--events", options.events, "That the watchers are told of");
  CLI11_PARSE(app, argc, argv);
  try {
    return skiff::bench::benchmark(options);
  } catch (const std::exception& error) {
    skiff::bench::fail(error.what());
  }
}

// skiff's store and etcd side by side: the same calls, on the same disk, in one run, both with fsync on. Values of
// 1 KiB are put (compare-and-swap, as API servers do) and read by 1 and by 64 clients, directories are read, and writes
// are waited for at a watch.
//
//   ninja -C build/release run_bench_store
//
// At the end skiff's file, after many updates of one key, is compared with the live data.
//
// skiff's store is called in this process, as in skiff's server, and etcd over gRPC from this process, as from
// kube-apiserver: what the network costs etcd is part of its design. skiff's CPU time includes that of its clients
// here, etcd's is that of its own process alone.
#include "test/bench/figures.h"
#include "test/bench/store/tried_store.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace skiff::bench {

void fail(const std::string& message) {
  std::fprintf(stderr, "bench_store: %s\n", message.c_str());
  std::exit(1);
}

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kClients = 64;
constexpr std::size_t kValueBytes = 1024;

struct Options {
  std::string directory;
  std::string etcd;
  int etcd_pid = 0;
  std::size_t operations = 20'000;  // of 64 clients; of one client a tenth
  std::size_t updates = 100'000;    // of one key
};

struct Row {
  std::string what;
  std::size_t clients = 1;
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double cpu_us = 0;  // per operation
};

// ---- one store under load

class Trial {
 public:
  // `pid`: of the process that the store is in; 0: this one.
  Trial(std::unique_ptr<TriedStore> store, int pid) : store_(std::move(store)), pid_(pid), value_(kValueBytes, 'v') {}

  void put_and_get(std::size_t clients, std::size_t operations);
  // Of what 64 clients put.
  void range(std::size_t limit, std::size_t times);
  void watch(std::size_t writes);
  void update(std::size_t times);

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

 private:
  // Each client calls `operation` with its number and with how often it has called before.
  using Operation = std::function<void(std::size_t client, std::size_t round)>;
  void measure(const std::string& what, std::size_t clients, std::size_t operations, const Operation& operation);
  [[nodiscard]] Seconds cpu() const { return pid_ == 0 ? own_cpu() : cpu_of(pid_); }

  std::unique_ptr<TriedStore> store_;
  int pid_;
  std::string value_;
  std::vector<Row> rows_;
};

Row summary(std::string what, std::size_t clients, std::vector<Seconds> latencies, Seconds took, Seconds cpu) {
  const auto count = static_cast<double>(latencies.size());
  return {
      std::move(what),          clients, count / took.count(), percentile(latencies, 0.5), percentile(latencies, 0.99),
      cpu.count() / count * 1e6};
}

void Trial::measure(const std::string& what, std::size_t clients, std::size_t operations, const Operation& operation) {
  std::mutex mutex;
  std::vector<Seconds> latencies;
  const Seconds cpu_before = cpu();
  const auto begin = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        std::vector<Seconds> own;
        for (std::size_t round = 0; round < operations / clients; ++round) {
          const auto called = steady_clock::now();
          operation(client, round);
          own.push_back(steady_clock::now() - called);
        }
        const std::lock_guard lock(mutex);
        latencies.insert(latencies.end(), own.begin(), own.end());
      });
    }
  }
  const Seconds took = steady_clock::now() - begin;
  rows_.push_back(summary(what, clients, std::move(latencies), took, cpu() - cpu_before));
}

void Trial::put_and_get(std::size_t clients, std::size_t operations) {
  const auto key = [clients](std::size_t client, std::size_t round) {
    return fmt::format("/puts/{}/{:03}-{:06}", clients, client, round);
  };
  std::vector<std::vector<std::int64_t>> revisions(clients);
  measure("put, a new key", clients, operations, [&](std::size_t client, std::size_t round) {
    revisions[client].push_back(store_->put(key(client, round), value_, 0));
  });
  measure("put, a known key", clients, operations, [&](std::size_t client, std::size_t round) {
    store_->put(key(client, round), value_, revisions[client][round]);
  });
  measure("get", clients, operations, [&](std::size_t client, std::size_t round) {
    if (store_->get(key(client, round)) != value_.size()) fail("a value is missing");
  });
}

// From the call of put() to the event, one write at a time.
void Trial::watch(std::size_t writes) {
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t seen = 0;
  steady_clock::time_point came;
  const auto watch = store_->watch("/watched/", [&](std::int64_t revision) {
    const std::lock_guard lock(mutex);
    came = steady_clock::now();
    seen = revision;
    changed.notify_one();
  });
  std::vector<Seconds> latencies;
  const Seconds cpu_before = cpu();
  const auto begin = steady_clock::now();
  std::int64_t revision = 0;
  for (std::size_t i = 0; i < writes; ++i) {
    const auto called = steady_clock::now();
    revision = store_->put("/watched/key", value_, revision);
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, std::chrono::seconds(10), [&] { return seen == revision; }))
      fail("an event is missing");
    latencies.push_back(came - called);
  }
  const Seconds took = steady_clock::now() - begin;
  rows_.push_back(summary("put -> event at a watch", 1, std::move(latencies), took, cpu() - cpu_before));
}

void Trial::range(std::size_t limit, std::size_t times) {
  const std::string directory = fmt::format("/puts/{}/", kClients);
  measure(fmt::format("range of {}", limit), 1, times, [&](std::size_t, std::size_t) {
    if (store_->range(directory, limit) != limit) fail("a record is missing");
  });
}

void Trial::update(std::size_t times) {
  std::int64_t revision = 0;
  for (std::size_t i = 0; i < times; ++i) revision = store_->put("/updated/key", value_, revision);
}

double mebibytes_below(const std::string& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) bytes += file.file_size();
  return static_cast<double>(bytes) / (1024 * 1024);
}

// The stores take turns, so that a disk or a machine that changes its speed meanwhile is the same for both.
void run(std::vector<Trial>& trials, std::size_t operations) {
  for (Trial& trial : trials) trial.put_and_get(1, operations / 10);
  for (Trial& trial : trials) trial.put_and_get(kClients, operations);
  for (Trial& trial : trials) trial.range(500, 200);
  for (Trial& trial : trials) trial.range(std::min<std::size_t>(operations / kClients * kClients, 10'000), 20);
  for (Trial& trial : trials) trial.watch(operations / 20);
}

// ---- what the disk allows, and the table

// How often a second this disk makes 4 KiB durable that are appended to a file.
double syncs_per_second(const std::string& directory) {
  const std::string path = directory + "/syncs";
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const std::string page(4096, 'p');
  std::size_t count = 0;
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::seconds(2);
  for (; steady_clock::now() < end; ++count) {
    if (::write(file, page.data(), page.size()) < 0 || ::fdatasync(file) < 0) fail("cannot write " + path);
  }
  const double seconds = Seconds(steady_clock::now() - begin).count();
  ::close(file);
  ::unlink(path.c_str());
  return static_cast<double>(count) / seconds;
}

std::string cells(const Row& row) {
  return fmt::format("{:>10.0f}{:>9.3f}{:>9.3f}{:>8.0f}", row.per_second, row.p50_ms, row.p99_ms, row.cpu_us);
}

void print(const std::vector<std::string>& names, const std::vector<Trial>& trials) {
  fmt::print("{:<34}", "");
  for (const std::string& name : names) fmt::print("{:^36}", name);
  fmt::print("\n{:<26}{:>8}", "", "clients");
  for (std::size_t i = 0; i < names.size(); ++i)
    fmt::print("{:>10}{:>9}{:>9}{:>8}", "per s", "p50 ms", "p99 ms", "CPU us");
  for (std::size_t i = 0; i < trials.front().rows().size(); ++i) {
    fmt::print("\n{:<26}{:>8}", trials.front().rows()[i].what, trials.front().rows()[i].clients);
    for (const Trial& trial : trials) fmt::print("{}", cells(trial.rows()[i]));
  }
  fmt::print("\n");
}

}  // namespace
}  // namespace skiff::bench

int main(int argc, char** argv) {
  using namespace skiff::bench;
  Options options;
  CLI::App app("skiff's store beside etcd");
  app.add_option("--directory", options.directory, "An empty directory for skiff's store")->required();
  app.add_option("--etcd", options.etcd, "HOST:PORT of an etcd to measure, too");
  app.add_option("--etcd-pid", options.etcd_pid, "Its process, for its CPU time");
  app.add_option("--operations", options.operations, "Puts and gets of 64 clients; one client makes a tenth")
      ->check(CLI::Range(1280, 10'000'000))
      ->capture_default_str();
  app.add_option("--updates", options.updates, "Of one key, in skiff's store")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  fmt::print("the disk: {:.0f} times a second 4 KiB and fdatasync\n\n", syncs_per_second(options.directory));
  std::vector<std::string> names = {"skiff"};
  std::vector<Trial> trials;
  trials.emplace_back(open_skiff_store(options.directory), 0);
  if (!options.etcd.empty()) {
    names.emplace_back("etcd");
    trials.emplace_back(open_etcd(options.etcd), options.etcd_pid);
  }
  run(trials, options.operations);
  print(names, trials);
  trials.front().update(options.updates);
  const std::size_t records = options.operations / kClients * kClients + options.operations / 10 + 2;
  fmt::print("\nskiff's files after {} updates of one key: {:.1f} MiB; live values {:.1f} MiB\n", options.updates,
             mebibytes_below(options.directory), static_cast<double>(records * kValueBytes) / (1024 * 1024));
}

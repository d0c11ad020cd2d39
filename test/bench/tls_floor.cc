// What TLS alone costs on this machine, without any server of ours: a process that writes a record of an event's size
// to 1,000 connections over loopback in a loop of SSL_write, and one that reads them with epoll and SSL_read. No API
// server that speaks TLS tells so many watchers of an event more quickly.
//
//   ninja -C build/release run_bench_tls_floor
#include "api/base/descriptor_limit.h"
#include "api/base/fd.h"
#include "test/bench/figures.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <spdlog/fmt/fmt.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace skiff::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kConnections = 1000;
constexpr std::size_t kRounds = 100;
constexpr std::size_t kEventBytes = 1400;

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <class T>
using SslPtr = std::unique_ptr<T, SslDeleter>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::perror(what);
  std::exit(1);
}

double microseconds_each(Seconds cpu, std::size_t count) { return cpu.count() * 1e6 / static_cast<double>(count); }

SslPtr<SSL_CTX> server_context() {
  SslPtr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  const SslPtr<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const SslPtr<X509> certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

struct Connection {
  UniqueFd socket;
  SslPtr<SSL> ssl;
};

// The reader: connects, and in each round takes one record from every connection. `begins` tells when a round began;
// a byte into `ends` says that all has come.
[[noreturn]] void read_all(const sockaddr_in& address, int begins, int ends) {
  const SslPtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  const UniqueFd epoll(::epoll_create1(0));
  std::vector<Connection> connections;
  for (std::size_t i = 0; i < kConnections; ++i) {
    Connection& connection = connections.emplace_back();
    connection.socket = UniqueFd(::socket(AF_INET, SOCK_STREAM, 0));
    const int fd = connection.socket.get();
    require(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0, "connect");
    connection.ssl.reset(SSL_new(context.get()));
    SSL_set_fd(connection.ssl.get(), fd);
    require(SSL_connect(connection.ssl.get()) == 1, "SSL_connect");
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_event event{EPOLLIN | EPOLLET, {.ptr = connection.ssl.get()}};
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
  }
  std::vector<Seconds> arrivals;
  std::vector<Seconds> last_ones;
  std::array<epoll_event, 128> events;
  std::array<char, 16 * 1024> buffer;
  const Seconds cpu = own_cpu();
  steady_clock::rep begin = 0;
  while (::read(begins, &begin, sizeof(begin)) == sizeof(begin)) {
    for (std::size_t come = 0; come < kConnections;) {
      const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        if (SSL_read(static_cast<SSL*>(events[i].data.ptr), buffer.data(), buffer.size()) <= 0) continue;
        arrivals.push_back(steady_clock::now().time_since_epoch() - steady_clock::duration(begin));
        ++come;
      }
    }
    last_ones.push_back(arrivals.back());
    require(::write(ends, "", 1) == 1, "write");
  }
  fmt::print("{:<40}{:>10.1f} us of CPU\n", "epoll and SSL_read, each",
             microseconds_each(own_cpu() - cpu, arrivals.size()));
  fmt::print("{:<40}{:>10.1f} ms\n", "from the first SSL_write, median", percentile(arrivals, 0.5));
  fmt::print("{:<40}{:>10.1f} ms, worst of {} {:.1f} ms\n", "the last connection, median", percentile(last_ones, 0.5),
             kRounds, percentile(last_ones, 1));
  std::fflush(stdout);
  ::_exit(0);
}

void write_all(int listener, int begins, int ends) {
  const SslPtr<SSL_CTX> context = server_context();
  std::vector<Connection> connections;
  Seconds cpu = own_cpu();
  for (std::size_t i = 0; i < kConnections; ++i) {
    Connection& connection = connections.emplace_back();
    connection.socket = UniqueFd(::accept(listener, nullptr, nullptr));
    connection.ssl.reset(SSL_new(context.get()));
    SSL_set_fd(connection.ssl.get(), connection.socket.get());
    require(SSL_accept(connection.ssl.get()) == 1, "SSL_accept");
  }
  fmt::print("{:<40}{:>10.1f} us of CPU\n", "a handshake, server's side",
             microseconds_each(own_cpu() - cpu, kConnections));
  const std::string record(kEventBytes, 'x');
  Seconds used{};
  for (std::size_t round = 0; round < kRounds; ++round) {
    const steady_clock::rep begin = steady_clock::now().time_since_epoch().count();
    require(::write(begins, &begin, sizeof(begin)) == sizeof(begin), "write");
    cpu = own_cpu();
    for (const Connection& connection : connections) {
      SSL_write(connection.ssl.get(), record.data(), static_cast<int>(record.size()));
    }
    used += own_cpu() - cpu;
    char byte = 0;
    require(::read(ends, &byte, 1) == 1, "read");
  }
  fmt::print("{:<40}{:>10.1f} us of CPU\n", "SSL_write, each", microseconds_each(used, kRounds * kConnections));
  std::fflush(stdout);
}

}  // namespace
}  // namespace skiff::bench

int main() {
  using namespace skiff;
  using namespace skiff::bench;
  raise_descriptor_limit();

  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  require(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener.get(), 4096) == 0, "listen");
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  int begins[2];
  int ends[2];
  require(::pipe(begins) == 0 && ::pipe(ends) == 0, "pipe");

  const pid_t reader = ::fork();
  require(reader >= 0, "fork");
  if (reader == 0) {
    ::close(begins[1]);
    read_all(address, begins[0], ends[1]);
  }
  ::close(begins[0]);
  ::close(ends[1]);
  write_all(listener.get(), begins[1], ends[0]);
  ::close(begins[1]);
  int status = 0;
  ::waitpid(reader, &status, 0);
  return status;
}

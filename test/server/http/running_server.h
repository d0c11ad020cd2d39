#pragma once

#include "server/http/http_server.h"
#include "test/server/http/memory_client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

namespace skiff::server {

// A server on two threads, as in production.
class RunningServer {
 public:
  RunningServer(Handler& handler, HttpServerOptions options)
      : server_(context_.get_executor(), handler, clock_, std::move(options)) {
    const auto started = server_.start();
    REQUIRE(started);
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { context_.run(); });
  }
  ~RunningServer() {
    if (!stopped_) stop();
    work_.reset();
    for (auto& thread : threads_) thread.join();
  }

  void stop() {
    stopped_ = true;
    asio::co_spawn(context_, server_.stop(), asio::use_future).get();
  }
  std::uint16_t port() const { return server_.port(); }
  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  FixedClock clock_;
  HttpServer server_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

// A blocking client of its own.
class PlainClient {
 public:
  explicit PlainClient(std::uint16_t port) : socket_(context_) {
    socket_.connect(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  }
  void send(std::string_view text) { asio::write(socket_, asio::buffer(text.data(), text.size())); }
  std::string read_until(const std::string& delimiter) {
    const std::size_t count = asio::read_until(socket_, asio::dynamic_buffer(buffered_), delimiter);
    std::string text = buffered_.substr(0, count);
    buffered_.erase(0, count);
    return text;
  }
  std::string read_to_end() {
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(buffered_), error);
    CHECK(error == asio::error::eof);
    return std::exchange(buffered_, {});
  }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  std::string buffered_;
};

}  // namespace skiff::server

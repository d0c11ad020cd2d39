#include "server/streaming/outgoing_queue.h"

#include "server/http/awaitable.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

// Takes what it is given one step of the executor later, until it is full.
class CountingStream final : public ByteStream {
 public:
  std::string taken;
  std::size_t room = 1000;

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(std::span<char>) override { co_return 0; }
  Task<bool> write_all(std::string_view bytes) override {
    const std::string copy(bytes);
    co_await asio::post(co_await asio::this_coro::executor, server::kAwaitable);
    if (taken.size() + copy.size() > room) co_return false;
    taken += copy;
    co_return true;
  }
  Task<void> finish() override { co_return; }
  void close() override {}
  [[nodiscard]] std::optional<api::User> certificate_user() const override { return std::nullopt; }
};

struct Writers {
  asio::io_context io;
  CountingStream stream;
  OutgoingQueue queue{io.get_executor(), stream};
  TaskGroup tasks{io.get_executor()};
  std::map<char, int> sent;

  Task<void> write(char letter) {
    for (;;) {
      std::string frame(10, letter);
      if (!co_await queue.send(std::move(frame))) co_return;
      ++sent[letter];
    }
  }
};

}  // namespace

TEST_CASE("Nobody sends for all the others") {
  Writers writers;
  for (const char letter : {'a', 'b', 'c'}) writers.tasks.spawn(writers.write(letter));
  test::run(writers.io, writers.tasks.join());

  const std::string& taken = writers.stream.taken;
  REQUIRE(taken.size() > 900);
  for (std::size_t i = 0; i < taken.size(); i += 10) CHECK(taken.substr(i, 10) == std::string(10, taken[i]));
  for (const char letter : {'a', 'b', 'c'}) {
    const auto frames = static_cast<int>(std::count(taken.begin(), taken.end(), letter) / 10);
    CHECK(frames >= 20);
    CHECK(writers.sent[letter] == frames);
  }
}

TEST_CASE("Writers that wait give up when nobody waits for the client any more") {
  Writers writers;
  writers.stream.room = 1'000'000'000;
  for (const char letter : {'a', 'b'}) writers.tasks.spawn(writers.write(letter));
  writers.io.poll_one();
  writers.io.poll_one();
  writers.queue.cancel();
  test::run(writers.io, writers.queue.drain());
  test::run(writers.io, writers.tasks.join());
  CHECK(writers.stream.taken.size() <= 20);
}

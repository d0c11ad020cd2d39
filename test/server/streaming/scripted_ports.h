#pragma once

#include "api/node_service.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skiff::server {

// One connection into a pod, as the test sees it.
struct PortScript {
  explicit PortScript(asio::any_io_executor executor) : changed(executor), room(executor) {}

  void say(std::string text) {
    says.push_back(std::move(text));
    changed.notify();
  }
  void end() {
    ended = true;
    changed.notify();
  }

  std::uint16_t number = 0;
  std::deque<std::string> says;
  bool ended = false;
  bool reads = true;  // else write() waits
  std::string heard;
  bool write_closed = false;
  bool destroyed = false;
  Signal changed;
  Signal room;
};

class ScriptedPort final : public api::DuplexStream {
 public:
  explicit ScriptedPort(std::shared_ptr<PortScript> script) : script_(std::move(script)) {}
  ~ScriptedPort() override { script_->destroyed = true; }

  Task<api::Result<std::optional<std::string>>> next() override {
    while (script_->says.empty() && !script_->ended) co_await script_->changed.wait();
    std::optional<std::string> piece;
    if (!script_->says.empty()) {
      piece = std::move(script_->says.front());
      script_->says.pop_front();
    }
    co_return piece;
  }
  Task<bool> write(std::string_view bytes) override {
    while (!script_->reads && !script_->ended) co_await script_->room.wait();
    script_->heard += bytes;
    co_return !script_->ended;
  }
  void close_write() override { script_->write_closed = true; }
  void cancel() override {
    script_->says.clear();
    script_->end();
    script_->room.notify();
  }

 private:
  const std::shared_ptr<PortScript> script_;
};

// A pod that listens on every port but 81.
struct ScriptedPorts {
  [[nodiscard]] api::OpenPort opener() {
    return [this](std::uint16_t number) { return open(number); };
  }
  Task<api::Result<std::unique_ptr<api::DuplexStream>>> open(std::uint16_t number) {
    if (number == 81) {
      api::Status refused;
      refused.message = "connection refused";
      co_return refused;
    }
    opened.push_back(std::make_shared<PortScript>(co_await asio::this_coro::executor));
    opened.back()->number = number;
    std::unique_ptr<api::DuplexStream> stream = std::make_unique<ScriptedPort>(opened.back());
    co_return stream;
  }

  std::vector<std::shared_ptr<PortScript>> opened;
};

}  // namespace skiff::server

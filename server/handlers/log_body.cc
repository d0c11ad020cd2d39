#include "server/handlers/log_body.h"

namespace skiff::server {
namespace {

class LogBody final : public BodyStream {
 public:
  LogBody(std::shared_ptr<NodeAccess> node, std::unique_ptr<api::ByteStream> bytes)
      : node_(std::move(node)), bytes_(std::move(bytes)) {}

  // A failure in the middle ends the body early: the client has its status line already.
  Task<std::vector<Slice>> next() override {
    std::vector<Slice> pieces;
    api::Result<std::optional<std::string>> piece = co_await bytes_->next();
    if (piece && *piece) pieces.push_back(Slice::of(std::move(**piece)));
    co_return pieces;
  }

  void cancel() override { bytes_->cancel(); }

 private:
  const std::shared_ptr<NodeAccess> node_;
  const std::unique_ptr<api::ByteStream> bytes_;
};

}  // namespace

std::unique_ptr<BodyStream> make_log_body(std::shared_ptr<NodeAccess> node, std::unique_ptr<api::ByteStream> bytes) {
  return std::make_unique<LogBody>(std::move(node), std::move(bytes));
}

}  // namespace skiff::server

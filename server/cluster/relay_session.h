#pragma once

#include "api/client/http/http_connection.h"
#include "server/http/http.h"

#include <memory>

namespace skiff::server {

// A client's connection whose other protocol is spoken by somebody behind us, who has accepted it: carries the bytes of
// both, understanding none of them, until one of the two ends; then the other one is let go, too. Who does not read
// makes the other wait.
class RelaySession final : public Upgrade {
 public:
  // `backend` has answered 101.
  explicit RelaySession(std::unique_ptr<api::HttpConnection> backend) : backend_(std::move(backend)) {}

  Task<void> run(ByteStream& stream) override;
  void cancel() override { backend_->close(); }

 private:
  // What the client says, to the backend.
  Task<void> carry_in(ByteStream& stream);

  const std::unique_ptr<api::HttpConnection> backend_;
};

}  // namespace skiff::server

#pragma once

#include "api/base/fd.h"
#include "api/streams.h"
#include "nodeagent/streaming/watched_descriptor.h"

namespace skiff::nodeagent {

// A connected socket as a stream of bytes both ways.
class SocketStream final : public api::DuplexStream {
 public:
  SocketStream(asio::any_io_executor executor, UniqueFd socket);

  Task<api::Result<std::optional<std::string>>> next() override;
  Task<bool> write(std::string_view bytes) override;
  void close_write() override;
  void cancel() override;

 private:
  WatchedDescriptor socket_;
  Signal readable_;
  Signal writable_;
  bool cancelled_ = false;
};

}  // namespace skiff::nodeagent

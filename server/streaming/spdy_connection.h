#pragma once

#include "server/http/byte_stream.h"
#include "server/streaming/outgoing_queue.h"
#include "server/streaming/spdy_frames.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace skiff::server {

class SpdyConnection;

// One of the client's streams in a SPDY connection. Held by who serves it; used while the connection exists.
class SpdyStream {
 public:
  SpdyStream(SpdyConnection& connection, std::uint32_t id, SpdyHeaders headers, bool ended);

  [[nodiscard]] std::uint32_t id() const { return id_; }
  // Empty when absent.
  [[nodiscard]] std::string header(std::string_view name) const;

  // What came and nobody has taken yet, a piece at a time.
  [[nodiscard]] std::optional<std::string> take();
  // Nothing more comes: the client has ended or reset the stream, or has gone, and all was taken.
  [[nodiscard]] bool read_ended() const { return (ended_ || reset_) && pieces_.empty(); }
  // The client wants no more of it.
  [[nodiscard]] bool was_reset() const { return reset_; }
  // Called, later, whenever take(), read_ended() or was_reset() would say something new.
  void set_listener(std::function<void()> listener);

  // Waits while the client does not read. False: it has gone, or has reset the stream.
  Task<bool> write(std::string_view bytes);
  // What is said last; nothing can be written afterwards.
  Task<bool> write_last(std::string_view bytes);
  // Tells the client that nothing more will be read or written.
  Task<void> reset(std::uint32_t status);
  // Drops what came and what will come. What is still written counts.
  void stop_reading();

 private:
  friend class SpdyConnection;

  SpdyConnection& connection_;
  const std::uint32_t id_;
  const SpdyHeaders headers_;
  std::deque<std::string> pieces_;
  bool ended_ = false;
  bool reset_ = false;
  bool written_ = false;  // to the end
  bool dropping_ = false;
  std::function<void()> listener_;
};

// The server's end of a SPDY/3.1 connection, as moby/spdystream speaks it: the client opens streams, every one of which
// is accepted. SPDY's windows are not used (see SpdyFrameReader): when 256 KiB lie unread in all streams together, the
// connection is not read until somebody takes some. Meanwhile the client is pinged, so that its death is noticed.
// Everything on the stream's executor.
class SpdyConnection {
 public:
  // Called from run() for every new stream.
  using StreamListener = std::function<void(const std::shared_ptr<SpdyStream>& stream)>;

  // `stream` outlives it.
  SpdyConnection(asio::any_io_executor executor, ByteStream& stream, StreamListener listener);
  ~SpdyConnection();

  // Reads until the client has gone, breaks the protocol, or the stream is closed. Then all streams are reset.
  Task<void> run();
  // Tells the client that the connection ends, and returns when it has been told everything.
  Task<void> say_goodbye();
  // Nobody waits for the client any more. The owner closes the stream.
  void cancel();

 private:
  friend class SpdyStream;

  Task<void> handle(SpdyFrame frame);
  Task<void> open_stream(SpdySynStream frame);
  void receive(SpdyData frame);
  Task<void> wait_for_readers();
  void fail_all();
  void taken(std::size_t bytes);
  void forget_if_done(const SpdyStream& stream);
  void announce(SpdyStream& stream);

  ByteStream& stream_;
  const StreamListener listener_;
  OutgoingQueue outgoing_;
  SpdyFrameReader reader_;
  SpdyFrameWriter writer_;
  std::map<std::uint32_t, std::shared_ptr<SpdyStream>> streams_;  // that are not over in both directions
  std::uint32_t last_stream_ = 0;
  std::uint32_t next_ping_ = 2;
  std::size_t unread_bytes_ = 0;
  Signal some_taken_;
  bool ended_ = false;
};

}  // namespace skiff::server

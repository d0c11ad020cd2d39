#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The frames of SPDY/3.1 as bytes; what they mean to a connection is spdy_connection.h's. Nothing here knows sockets.
namespace skiff::server {

using SpdyHeaders = std::vector<std::pair<std::string, std::string>>;  // names in lower case

// Why a stream or a connection ends (RST_STREAM's and GOAWAY's codes that we send).
inline constexpr std::uint32_t kSpdyResetProtocolError = 1;
inline constexpr std::uint32_t kSpdyResetRefusedStream = 3;
inline constexpr std::uint32_t kSpdyResetCancel = 5;
inline constexpr std::uint32_t kSpdyGoAwayOk = 0;
inline constexpr std::uint32_t kSpdyGoAwayProtocolError = 1;

struct SpdySynStream {
  std::uint32_t stream = 0;
  SpdyHeaders headers;
  bool fin = false;  // its sender will send no data
};
struct SpdySynReply {
  std::uint32_t stream = 0;
  bool fin = false;
};
// All or a piece of a DATA frame; only the last piece may have `fin`.
struct SpdyData {
  std::uint32_t stream = 0;
  std::string bytes;
  bool fin = false;
};
struct SpdyReset {
  std::uint32_t stream = 0;
  std::uint32_t status = 0;
};
struct SpdyPing {
  std::uint32_t id = 0;
};
struct SpdyGoAway {
  std::uint32_t status = 0;
};
using SpdyFrame = std::variant<SpdySynStream, SpdySynReply, SpdyData, SpdyReset, SpdyPing, SpdyGoAway>;

// Makes frames out of the bytes of a peer, however they are cut. SETTINGS, WINDOW_UPDATE and HEADERS are checked and
// passed over: the peers of this protocol (moby/spdystream) never widen a window and so rely on TCP to slow each other
// down, as we do.
// Memory: what was put and not yet taken, and at most one control frame of 64 KiB with its headers.
class SpdyFrameReader {
 public:
  SpdyFrameReader();
  ~SpdyFrameReader();

  void put(std::string_view bytes);
  // Nothing: more bytes are needed, or the peer has failed.
  [[nodiscard]] std::optional<SpdyFrame> next();
  // The peer broke the protocol; nothing it sends is understood any more.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  struct Inflater;
  std::optional<SpdyFrame> next_data();
  // The frame of this type; nothing when it is one to pass over or is wrong.
  std::optional<SpdyFrame> control_frame(std::uint16_t type, std::uint8_t flags, std::string_view payload);
  std::optional<SpdyHeaders> read_headers(std::string_view block);
  std::optional<SpdyFrame> fail();

  std::string input_;
  std::unique_ptr<Inflater> inflater_;
  bool in_data_ = false;
  SpdyData data_;  // whose frame is being read
  std::uint32_t data_left_ = 0;
  bool failed_ = false;
};

// The bytes of frames. Headers are compressed with a memory: frames with headers must be sent in the order made.
class SpdyFrameWriter {
 public:
  SpdyFrameWriter();
  ~SpdyFrameWriter();

  [[nodiscard]] std::string syn_stream(std::uint32_t stream, const SpdyHeaders& headers, bool fin);
  [[nodiscard]] std::string syn_reply(std::uint32_t stream);
  [[nodiscard]] static std::string data(std::uint32_t stream, std::string_view bytes, bool fin);
  [[nodiscard]] static std::string reset(std::uint32_t stream, std::uint32_t status);
  [[nodiscard]] static std::string ping(std::uint32_t id);
  [[nodiscard]] static std::string go_away(std::uint32_t last_good_stream, std::uint32_t status);

 private:
  struct Deflater;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace skiff::server

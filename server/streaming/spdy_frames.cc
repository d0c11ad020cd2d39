#include "server/streaming/spdy_frames.h"

#include "server/streaming/spdy_dictionary.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

constexpr std::uint16_t kVersion = 3;
constexpr std::size_t kFrameHeaderBytes = 8;
constexpr std::size_t kControlFrameBytes = 64 * 1024;
constexpr std::size_t kHeaderBytes = 64 * 1024;  // decompressed
constexpr std::size_t kDataPieceBytes = 32 * 1024;
constexpr std::uint8_t kFin = 1;
constexpr std::uint32_t kStreamMask = 0x7fffffff;

enum : std::uint16_t {
  kSynStream = 1,
  kSynReply = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kHeadersFrame = 8,
  kWindowUpdate = 9,
};

std::uint32_t number_at(std::string_view bytes, std::size_t position) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[position + i]);
  return number;
}

void append_number(std::string& bytes, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(number >> shift & 255);
}

std::string control_frame_of(std::uint16_t type, std::uint8_t flags, std::string_view payload) {
  std::string frame;
  append_number(frame, 0x80000000U | std::uint32_t{kVersion} << 16 | type);
  append_number(frame, std::uint32_t{flags} << 24 | static_cast<std::uint32_t>(payload.size()));
  frame += payload;
  return frame;
}

// Takes a length and as many bytes off the front; nothing when there are not as many.
std::optional<std::string_view> take_text(std::string_view& block) {
  if (block.size() < 4) return std::nullopt;
  const std::size_t length = number_at(block, 0);
  if (length > block.size() - 4) return std::nullopt;
  const std::string_view text = block.substr(4, length);
  block.remove_prefix(4 + length);
  return text;
}

std::optional<SpdyHeaders> parse_headers(std::string_view block) {
  if (block.size() < 4) return std::nullopt;
  const std::uint32_t count = number_at(block, 0);
  block.remove_prefix(4);
  SpdyHeaders headers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto name = take_text(block);
    if (!name || name->empty()) return std::nullopt;
    const auto value = take_text(block);
    if (!value) return std::nullopt;
    headers.emplace_back(*name, *value);
  }
  if (!block.empty()) return std::nullopt;
  return headers;
}

}  // namespace

struct SpdyFrameReader::Inflater {
  Inflater() { ::inflateInit(&stream); }
  ~Inflater() { ::inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // The block's text; nothing when it is no zlib stream of ours or longer than headers may be.
  std::optional<std::string> inflate(std::string_view block) {
    std::string text;
    std::array<char, 4096> buffer;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
    stream.avail_in = static_cast<uInt>(block.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      int result = ::inflate(&stream, Z_SYNC_FLUSH);
      if (result == Z_NEED_DICT) {
        const std::string& dictionary = spdy_dictionary();
        const auto* bytes = reinterpret_cast<const Bytef*>(dictionary.data());
        if (::inflateSetDictionary(&stream, bytes, static_cast<uInt>(dictionary.size())) != Z_OK) return std::nullopt;
        result = ::inflate(&stream, Z_SYNC_FLUSH);
      }
      if (result == Z_BUF_ERROR) break;  // nothing more to read or to say
      if (result != Z_OK) return std::nullopt;
      text.append(buffer.data(), buffer.size() - stream.avail_out);
      if (text.size() > kHeaderBytes) return std::nullopt;
    } while (stream.avail_in > 0 || stream.avail_out == 0);
    return text;
  }

  z_stream stream{};
};

SpdyFrameReader::SpdyFrameReader() : inflater_(std::make_unique<Inflater>()) {}
SpdyFrameReader::~SpdyFrameReader() = default;

void SpdyFrameReader::put(std::string_view bytes) {
  if (!failed_) input_ += bytes;
}

std::optional<SpdyFrame> SpdyFrameReader::fail() {
  failed_ = true;
  input_.clear();
  return std::nullopt;
}

std::optional<SpdyFrame> SpdyFrameReader::next_data() {
  if (input_.empty() && data_left_ > 0) return std::nullopt;
  SpdyData piece;
  piece.stream = data_.stream;
  piece.bytes = input_.substr(0, std::min<std::size_t>(data_left_, kDataPieceBytes));
  input_.erase(0, piece.bytes.size());
  data_left_ -= static_cast<std::uint32_t>(piece.bytes.size());
  in_data_ = data_left_ > 0;
  piece.fin = !in_data_ && data_.fin;
  return piece;
}

std::optional<SpdyFrame> SpdyFrameReader::next() {
  while (!failed_) {
    if (in_data_) return next_data();
    if (input_.size() < kFrameHeaderBytes) return std::nullopt;
    const std::uint32_t first = number_at(input_, 0);
    const std::uint32_t second = number_at(input_, 4);
    const auto flags = static_cast<std::uint8_t>(second >> 24);
    const std::uint32_t length = second & 0xffffff;
    if ((first & 0x80000000U) == 0) {
      data_.stream = first;
      data_.fin = (flags & kFin) != 0;
      data_left_ = length;
      in_data_ = true;
      input_.erase(0, kFrameHeaderBytes);
      continue;
    }
    if ((first >> 16 & 0x7fff) != kVersion || length > kControlFrameBytes) return fail();
    if (input_.size() < kFrameHeaderBytes + length) return std::nullopt;
    const std::string payload = input_.substr(kFrameHeaderBytes, length);
    input_.erase(0, kFrameHeaderBytes + length);
    auto frame = control_frame(static_cast<std::uint16_t>(first & 0xffff), flags, payload);
    if (frame) return frame;
  }
  return std::nullopt;
}

std::optional<SpdyHeaders> SpdyFrameReader::read_headers(std::string_view block) {
  const auto text = inflater_->inflate(block);
  std::optional<SpdyHeaders> headers;
  if (text) headers = parse_headers(*text);
  if (!headers) fail();
  return headers;
}

std::optional<SpdyFrame> SpdyFrameReader::control_frame(std::uint16_t type, std::uint8_t flags,
                                                        std::string_view payload) {
  const auto stream_at_front = [payload] { return number_at(payload, 0) & kStreamMask; };
  switch (type) {
    case kSynStream: {
      if (payload.size() < 10) return fail();
      auto headers = read_headers(payload.substr(10));
      if (!headers) return std::nullopt;
      return SpdySynStream{stream_at_front(), std::move(*headers), (flags & kFin) != 0};
    }
    case kSynReply:
    case kHeadersFrame: {
      if (payload.size() < 4) return fail();
      if (!read_headers(payload.substr(4))) return std::nullopt;
      if (type == kHeadersFrame) return std::nullopt;
      return SpdySynReply{stream_at_front(), (flags & kFin) != 0};
    }
    case kRstStream:
      if (payload.size() != 8) return fail();
      return SpdyReset{stream_at_front(), number_at(payload, 4)};
    case kPing:
      if (payload.size() != 4) return fail();
      return SpdyPing{number_at(payload, 0)};
    case kGoAway:
      if (payload.size() != 8) return fail();
      return SpdyGoAway{number_at(payload, 4)};
    case kSettings:
      if (payload.size() < 4 || payload.size() - 4 != std::size_t{8} * number_at(payload, 0)) return fail();
      return std::nullopt;
    case kWindowUpdate:
      if (payload.size() != 8) return fail();
      return std::nullopt;
    default:
      return std::nullopt;  // unknown types are passed over
  }
}

struct SpdyFrameWriter::Deflater {
  Deflater() {
    ::deflateInit(&stream, Z_BEST_COMPRESSION);
    const std::string& dictionary = spdy_dictionary();
    ::deflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(dictionary.data()),
                           static_cast<uInt>(dictionary.size()));
  }
  ~Deflater() { ::deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string deflate(const SpdyHeaders& headers) {
    std::string text;
    append_number(text, static_cast<std::uint32_t>(headers.size()));
    for (const auto& [name, value] : headers) {
      append_number(text, static_cast<std::uint32_t>(name.size()));
      text += name;
      append_number(text, static_cast<std::uint32_t>(value.size()));
      text += value;
    }
    std::string block;
    std::array<char, 4096> buffer;
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      ::deflate(&stream, Z_SYNC_FLUSH);
      block.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
    return block;
  }

  z_stream stream{};
};

SpdyFrameWriter::SpdyFrameWriter() : deflater_(std::make_unique<Deflater>()) {}
SpdyFrameWriter::~SpdyFrameWriter() = default;

std::string SpdyFrameWriter::syn_stream(std::uint32_t stream, const SpdyHeaders& headers, bool fin) {
  std::string payload;
  append_number(payload, stream);
  append_number(payload, 0);  // associated with no other stream
  payload.append(2, '\0');    // priority and slot
  payload += deflater_->deflate(headers);
  return control_frame_of(kSynStream, fin ? kFin : 0, payload);
}

std::string SpdyFrameWriter::syn_reply(std::uint32_t stream) {
  std::string payload;
  append_number(payload, stream);
  payload += deflater_->deflate({});
  return control_frame_of(kSynReply, 0, payload);
}

std::string SpdyFrameWriter::data(std::uint32_t stream, std::string_view bytes, bool fin) {
  std::string frame;
  append_number(frame, stream);
  append_number(frame, std::uint32_t{fin ? kFin : std::uint8_t{0}} << 24 | static_cast<std::uint32_t>(bytes.size()));
  frame += bytes;
  return frame;
}

std::string SpdyFrameWriter::reset(std::uint32_t stream, std::uint32_t status) {
  std::string payload;
  append_number(payload, stream);
  append_number(payload, status);
  return control_frame_of(kRstStream, 0, payload);
}

std::string SpdyFrameWriter::ping(std::uint32_t id) {
  std::string payload;
  append_number(payload, id);
  return control_frame_of(kPing, 0, payload);
}

std::string SpdyFrameWriter::go_away(std::uint32_t last_good_stream, std::uint32_t status) {
  std::string payload;
  append_number(payload, last_good_stream);
  append_number(payload, status);
  return control_frame_of(kGoAway, 0, payload);
}

}  // namespace skiff::server

#include "server/http/gzip.h"

#include "api/base/check.h"

#include <boost/asio/post.hpp>
#include <zlib.h>

#include <algorithm>
#include <cctype>

namespace skiff::server {

namespace {

constexpr int kLevel = 1;
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kDefaultMemoryLevel = 8;
// Input after which others get their turn: about 2 ms of work.
constexpr std::size_t kTurnBytes = 256 * 1024;
constexpr std::size_t kOutputStep = 64 * 1024;

// A deflate stream; what is written comes out as slices of up to kOutputStep.
class Compressor {
 public:
  Compressor() {
    const int result =
        deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWindowBits, kDefaultMemoryLevel, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw std::bad_alloc();
  }
  ~Compressor() { deflateEnd(&stream_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void write(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      const std::size_t used = output_.size();
      output_.resize(used + kOutputStep);
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data() + used);
      stream_.avail_out = kOutputStep;
      CHECK_INVARIANT(deflate(&stream_, flush) != Z_STREAM_ERROR);
      output_.resize(used + kOutputStep - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  std::string take() { return std::move(output_); }

 private:
  z_stream stream_{};
  std::string output_;
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.0", "q=0.000".
bool is_refusal(std::string_view parameter) {
  parameter = trim(parameter);
  if (!parameter.starts_with("q=0") && !parameter.starts_with("Q=0")) return false;
  return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), item.size() + 1));
    const std::size_t semicolon = item.find(';');
    const std::string_view coding = trim(item.substr(0, semicolon));
    const bool refused = semicolon != std::string_view::npos && is_refusal(item.substr(semicolon + 1));
    if (coding == "gzip" || coding == "*") return !refused;
  }
  return false;
}

Task<std::vector<Slice>> gzip(std::vector<Slice> pieces) {
  Compressor compressor;
  std::size_t turn = 0;
  for (const Slice& piece : pieces) {
    for (std::size_t offset = 0; offset < piece.bytes.size(); offset += kTurnBytes) {
      const std::string_view part = piece.bytes.substr(offset, kTurnBytes);
      compressor.write(part, Z_NO_FLUSH);
      turn += part.size();
      if (turn < kTurnBytes) continue;
      turn = 0;
      co_await asio::post(asio::use_awaitable);
    }
  }
  compressor.write({}, Z_FINISH);
  std::vector<Slice> compressed;
  compressed.push_back(Slice::of(compressor.take()));
  co_return compressed;
}

}  // namespace skiff::server

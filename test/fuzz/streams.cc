#include "api/base/check.h"
#include "server/streaming/spdy_frames.h"
#include "server/streaming/websocket_frames.h"
#include "test/fuzz/target.h"

#include <algorithm>
#include <string>

namespace skiff::fuzz {

namespace {

// What a reader says of the bytes in pieces of `step`, as one text in which the borders of pieces do not show.
template <class Reader, class Describe>
std::string read_frames(std::string_view input, std::size_t step, Describe describe) {
  Reader reader;
  std::string text;
  while (!input.empty()) {
    reader.put(input.substr(0, step));
    input.remove_prefix(std::min(step, input.size()));
    while (const auto frame = reader.next()) describe(*frame, text);
  }
  return text + (reader.failed() ? "failed" : "");
}

void describe_spdy(const server::SpdyFrame& frame, std::string& text) {
  if (const auto* data = std::get_if<server::SpdyData>(&frame)) {
    text += data->bytes;
    if (data->fin) text += "fin" + std::to_string(data->stream);
  } else if (const auto* opened = std::get_if<server::SpdySynStream>(&frame)) {
    text += "syn" + std::to_string(opened->stream);
    for (const auto& [name, value] : opened->headers) text.append(name).append("=").append(value);
  } else {
    text += "frame" + std::to_string(frame.index());
  }
}

void describe_websocket(const server::WebSocketFrame& frame, std::string& text) {
  if (const auto* piece = std::get_if<server::WebSocketPiece>(&frame)) {
    if (piece->first) text += '[';
    text += piece->bytes;
    if (piece->last) text += ']';
  } else {
    text += "frame" + std::to_string(frame.index());
  }
}

// However the bytes are cut, the frames are the same.
template <class Reader, class Describe>
void check_reader(std::string_view input, Describe describe) {
  const std::string whole = read_frames<Reader>(input, input.size(), describe);
  CHECK_INVARIANT(read_frames<Reader>(input, 1, describe) == whole);
  CHECK_INVARIANT(read_frames<Reader>(input, 7, describe) == whole);
}

}  // namespace

void fuzz_spdy(std::string_view input) { check_reader<server::SpdyFrameReader>(input, describe_spdy); }

void fuzz_websocket(std::string_view input) { check_reader<server::WebSocketFrameReader>(input, describe_websocket); }

}  // namespace skiff::fuzz

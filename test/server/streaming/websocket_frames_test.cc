#include "server/streaming/websocket_frames.h"

#include "server/streaming/websocket.h"
#include "test/server/streaming/client_frames.h"

#include <catch2/catch.hpp>

using namespace skiff::server;

namespace {

// "[he|" a first piece, "|llo]" a last one, "ping:x", "pong", "close".
std::string describe(const std::vector<WebSocketFrame>& frames) {
  std::string text;
  for (const WebSocketFrame& frame : frames) {
    if (const auto* piece = std::get_if<WebSocketPiece>(&frame)) {
      text += (piece->first ? "[" : "|") + piece->bytes + (piece->last ? "]" : "|");
    } else if (const auto* ping = std::get_if<WebSocketPing>(&frame)) {
      text += "ping:" + ping->payload;
    } else {
      text += std::holds_alternative<WebSocketPong>(frame) ? "pong" : "close";
    }
    text += ' ';
  }
  return text;
}

std::vector<WebSocketFrame> read_all(WebSocketFrameReader& reader, std::string_view bytes, std::size_t step) {
  std::vector<WebSocketFrame> frames;
  while (!bytes.empty()) {
    reader.put(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  }
  return frames;
}

}  // namespace

TEST_CASE("WebSocket messages arrive, with what stands between their fragments") {
  const std::string bytes = client_frame(2, "one") + client_frame(2, "tw", false) + client_frame(9, "x") +
                            client_frame(0, "o", true) + client_frame(10, "") + client_frame(1, "") +
                            client_frame(8, "\x03\xe8");
  WebSocketFrameReader whole;
  CHECK(describe(read_all(whole, bytes, bytes.size())) == "[one] [tw| ping:x |o] pong [] close ");
  CHECK_FALSE(whole.failed());
  for (const std::size_t step : {1, 2, 5}) {
    WebSocketFrameReader reader;
    std::string text;
    for (const WebSocketFrame& frame : read_all(reader, bytes, step)) {
      if (const auto* piece = std::get_if<WebSocketPiece>(&frame)) text += piece->bytes + (piece->last ? ";" : "");
    }
    CHECK(text == "one;two;;");
  }
}

TEST_CASE("WebSocket messages of every length") {
  for (const std::size_t length : {0, 125, 126, 65535, 65536, 200000}) {
    WebSocketFrameReader reader;
    std::string text;
    bool last = false;
    for (const WebSocketFrame& frame : read_all(reader, client_frame(2, std::string(length, 'a')), 100000)) {
      CHECK_FALSE(last);
      const auto& piece = std::get<WebSocketPiece>(frame);
      CHECK(piece.first == text.empty());
      CHECK(piece.bytes.size() <= 32 * 1024);
      text += piece.bytes;
      last = piece.last;
    }
    CHECK(last);
    CHECK(text == std::string(length, 'a'));
  }
  CHECK(websocket_binary("abc") ==
        "\x82\x03"
        "abc");
  CHECK(websocket_binary(std::string(300, 'x')).substr(0, 4) == std::string("\x82\x7e\x01\x2c", 4));
  CHECK(websocket_binary(std::string(70000, 'x')).substr(0, 10) == std::string("\x82\x7f\0\0\0\0\0\x01\x11\x70", 10));
  CHECK(websocket_close(1000) == "\x88\x02\x03\xe8");
}

TEST_CASE("Hostile WebSocket frames end the connection, not the server") {
  std::string unmasked = client_frame(2, "abc");
  unmasked[1] = 3;
  std::string reserved = client_frame(2, "abc");
  reserved[0] = static_cast<char>(0xc2);
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"not masked", unmasked},
      {"a reserved bit", reserved},
      {"an unknown operation", client_frame(3, "abc")},
      {"an unknown control operation", client_frame(11, "")},
      {"a continuation of nothing", client_frame(0, "abc")},
      {"a fragmented ping", client_frame(9, "abc", false)},
      {"a long ping", client_frame(9, std::string(126, 'x'))},
      {"a length of 63 bits and one", std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask"},
  };
  for (const auto& [name, bytes] : rows) {
    INFO(name);
    WebSocketFrameReader reader;
    reader.put(bytes);
    CHECK_FALSE(reader.next());
    CHECK(reader.failed());
    reader.put(client_frame(2, "x"));
    CHECK_FALSE(reader.next());
  }
  WebSocketFrameReader reader;
  reader.put(client_frame(2, "a", false) + client_frame(2, "b"));
  CHECK(reader.next());
  CHECK_FALSE(reader.next());
  CHECK(reader.failed());
}

TEST_CASE("A WebSocket key is answered as RFC 6455 says") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

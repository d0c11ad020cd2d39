#include "server/streaming/spdy_frames.h"

#include "server/streaming/spdy_dictionary.h"

#include <catch2/catch.hpp>
#include <zlib.h>

using namespace skiff::server;

namespace {

std::vector<SpdyFrame> read_all(SpdyFrameReader& reader, std::string_view bytes, std::size_t step) {
  std::vector<SpdyFrame> frames;
  while (!bytes.empty()) {
    reader.put(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  }
  return frames;
}

std::string number(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string control(std::uint16_t type, std::string_view payload, std::uint16_t version = 3) {
  return number(0x80000000U | std::uint32_t{version} << 16 | type) +
         number(static_cast<std::uint32_t>(payload.size())) + std::string(payload);
}

// A header block in a compressed stream of its own.
std::string compressed(const std::string& text, bool with_dictionary = true) {
  z_stream stream{};
  ::deflateInit(&stream, 9);
  const std::string& dictionary = spdy_dictionary();
  if (with_dictionary) {
    ::deflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(dictionary.data()),
                           static_cast<uInt>(dictionary.size()));
  }
  std::string block(text.size() + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(block.data());
  stream.avail_out = static_cast<uInt>(block.size());
  ::deflate(&stream, Z_SYNC_FLUSH);
  block.resize(block.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return block;
}

std::string syn_stream(const std::string& block) { return control(1, number(1) + number(0) + "\0\0" + block); }

}  // namespace

TEST_CASE("SPDY's dictionary is the one of version 3") {
  const std::string& dictionary = spdy_dictionary();
  CHECK(dictionary.size() == 1423);
  CHECK(::adler32(1, reinterpret_cast<const Bytef*>(dictionary.data()), static_cast<uInt>(dictionary.size())) ==
        0xe3c6a7c2);
}

TEST_CASE("SPDY frames arrive however they are cut") {
  const std::size_t step = GENERATE(1, 2, 3, 7, 8, 9, 100, 100000);
  SpdyFrameWriter writer;
  std::string bytes = writer.syn_stream(1, {{"streamtype", "stdin"}, {"port", "80"}}, false);
  bytes += writer.syn_stream(3, {{"streamtype", "error"}}, true);
  bytes += SpdyFrameWriter::data(1, "hello", false);
  bytes += control(4, number(1) + number(4) + number(100));  // SETTINGS
  bytes += control(9, number(1) + number(65536));            // WINDOW_UPDATE
  bytes += control(77, "of no known type");
  bytes += SpdyFrameWriter::data(1, "", true);
  bytes += writer.syn_reply(5);
  bytes += SpdyFrameWriter::ping(7);
  bytes += SpdyFrameWriter::reset(3, kSpdyResetCancel);
  bytes += SpdyFrameWriter::go_away(3, kSpdyGoAwayOk);

  SpdyFrameReader reader;
  std::string data;
  std::string seen;
  bool fin = false;
  for (const SpdyFrame& frame : read_all(reader, bytes, step)) {
    if (const auto* opened = std::get_if<SpdySynStream>(&frame)) {
      seen += "syn " + std::to_string(opened->stream) + (opened->fin ? " fin" : "");
      for (const auto& [name, value] : opened->headers) seen += " " + name + "=" + value;
    } else if (const auto* piece = std::get_if<SpdyData>(&frame)) {
      CHECK(piece->stream == 1);
      CHECK_FALSE(fin);
      data += piece->bytes;
      fin = piece->fin;
      continue;
    } else if (const auto* reply = std::get_if<SpdySynReply>(&frame)) {
      seen += "reply " + std::to_string(reply->stream);
    } else if (const auto* ping = std::get_if<SpdyPing>(&frame)) {
      seen += "ping " + std::to_string(ping->id);
    } else if (const auto* reset = std::get_if<SpdyReset>(&frame)) {
      seen += "reset " + std::to_string(reset->stream) + " " + std::to_string(reset->status);
    } else {
      seen += "goaway " + std::to_string(std::get<SpdyGoAway>(frame).status);
    }
    seen += "; ";
  }
  CHECK_FALSE(reader.failed());
  CHECK(data == "hello");
  CHECK(fin);
  CHECK(seen == "syn 1 streamtype=stdin port=80; syn 3 fin streamtype=error; reply 5; ping 7; reset 3 5; goaway 0; ");
}

TEST_CASE("Long SPDY data comes in pieces, before it is complete") {
  SpdyFrameReader reader;
  const std::string frame = SpdyFrameWriter::data(9, std::string(1000000, 'x'), true);
  reader.put(std::string_view(frame).substr(0, 100));
  auto first = reader.next();
  REQUIRE(first);
  CHECK(std::get<SpdyData>(*first).bytes.size() == 92);
  CHECK_FALSE(std::get<SpdyData>(*first).fin);
  std::size_t size = 92;
  for (const SpdyFrame& piece : read_all(reader, std::string_view(frame).substr(100), 50000)) {
    CHECK(std::get<SpdyData>(piece).bytes.size() <= 32 * 1024);
    size += std::get<SpdyData>(piece).bytes.size();
    CHECK(std::get<SpdyData>(piece).fin == (size == 1000000));
  }
  CHECK(size == 1000000);
}

TEST_CASE("Hostile SPDY frames end the connection, not the server") {
  const std::string pair = number(1) + number(1) + "a" + number(1) + "b";
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"another version", control(6, number(1), 2)},
      {"a control frame of 16 MB", number(0x80030001U) + number(0xffffff)},
      {"SYN_STREAM without a stream", control(1, "")},
      {"SYN_STREAM without headers", control(1, number(1) + number(0) + "\0\0")},
      {"headers that are not compressed", syn_stream(pair)},
      {"headers compressed without the dictionary, cut", syn_stream(compressed(pair, false).substr(0, 4))},
      {"more pairs promised than there are", syn_stream(compressed(number(2) + number(1) + "a" + number(1) + "b"))},
      {"a pair that is longer than the block", syn_stream(compressed(number(1) + number(0xffffffff) + "a"))},
      {"a name without characters", syn_stream(compressed(number(1) + number(0) + number(1) + "b"))},
      {"bytes behind the last pair", syn_stream(compressed(pair + "more"))},
      {"no count of pairs", syn_stream(compressed("ab"))},
      {"a bomb: 1 GB of headers in 1 MB", syn_stream(compressed(std::string(10000000, 'a')))},
      {"a short SYN_REPLY", control(2, "ab")},
      {"HEADERS that are not compressed", control(8, number(1) + pair)},
      {"a short RST_STREAM", control(3, number(1))},
      {"a long RST_STREAM", control(3, number(1) + number(1) + number(1))},
      {"SETTINGS that count wrong", control(4, number(0x20000001) + number(4) + number(100))},
      {"SETTINGS without a count", control(4, "")},
      {"a long PING", control(6, number(1) + number(1))},
      {"a short GOAWAY", control(7, number(1))},
      {"a short WINDOW_UPDATE", control(9, number(1))},
  };
  for (const auto& [name, bytes] : rows) {
    INFO(name);
    SpdyFrameReader reader;
    reader.put(bytes);
    CHECK_FALSE(reader.next());
    CHECK(reader.failed());
    reader.put(SpdyFrameWriter::ping(1));
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("Random bytes never hurt the SPDY reader") {
  std::uint32_t state = 12345;
  const auto random = [&state] { return state = state * 1664525 + 1013904223; };
  for (int round = 0; round < 2000; ++round) {
    SpdyFrameReader reader;
    SpdyFrameWriter writer;
    std::string bytes = writer.syn_stream(1, {{"streamtype", "stdin"}}, false) + SpdyFrameWriter::data(1, "abc", true) +
                        SpdyFrameWriter::ping(1) + writer.syn_stream(3, {{"streamtype", "stdout"}}, false);
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random() >> 16);
    static_cast<void>(read_all(reader, bytes, 1 + random() % 40));
  }
}

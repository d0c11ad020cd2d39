#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skiff::api::protobuf {

// The numbers are those on the wire. Groups, which nobody writes any more, are passed over as a whole.
enum class WireType : std::uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kDelimited = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

// One field of a message as it stands on the wire.
struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kDelimited;
  std::uint64_t value = 0;  // a varint or fixed-size value
  std::string_view bytes;   // a delimited value: text, bytes, a message or packed numbers
};

// Takes a message's bytes apart, field by field. Reads untrusted input: never beyond the bytes it was given, and
// without recursion.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // The next field; nothing at the end, or when the bytes are malformed, which error() tells apart.
  [[nodiscard]] std::optional<WireField> next();
  // A bare number of this type, as in a packed list.
  [[nodiscard]] std::optional<std::uint64_t> next_number(WireType type);
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // What is wrong, in Go's words, or empty.
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  [[nodiscard]] std::optional<WireField> next_tag();
  [[nodiscard]] bool read_value(WireField& field);
  [[nodiscard]] bool skip_group();
  [[nodiscard]] std::optional<std::uint64_t> next_varint();
  [[nodiscard]] std::optional<std::uint64_t> next_fixed(std::size_t size);
  bool fail(std::string_view what);

  std::string_view rest_;
  std::string_view error_;
};

}  // namespace skiff::api::protobuf

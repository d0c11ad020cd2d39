#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skiff::api::protobuf {

// One field of a message as it stands on the wire.
struct WireField {
  std::uint32_t number = 0;
  // A varint or fixed-size value; 0 for the others.
  std::uint64_t value = 0;
  // A length-delimited value: text, bytes, a message or packed numbers.
  std::string_view bytes;
  bool is_delimited = false;
};

// Takes a message's bytes apart, field by field. Reads untrusted input: never beyond the bytes it was given.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // The next field; nothing at the end, or when the bytes are malformed, which ok() tells apart.
  [[nodiscard]] std::optional<WireField> next();
  // A bare number, as in a packed list.
  [[nodiscard]] std::optional<std::uint64_t> next_varint();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  [[nodiscard]] std::optional<std::uint64_t> next_fixed(std::size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace skiff::api::protobuf

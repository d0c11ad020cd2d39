#include "api/protobuf/reader.h"

namespace skiff::api::protobuf {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

constexpr int kMaxVarintBytes = 10;

}  // namespace

std::optional<std::uint64_t> Reader::next_varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes && !rest_.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  ok_ = false;
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::next_fixed(std::size_t size) {
  if (rest_.size() < size) {
    ok_ = false;
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return value;
}

std::optional<WireField> Reader::next() {
  if (rest_.empty() || !ok_) return std::nullopt;
  const std::optional<std::uint64_t> key = next_varint();
  if (!key) return std::nullopt;
  WireField field;
  field.number = static_cast<std::uint32_t>(*key >> 3);
  std::optional<std::uint64_t> value;
  switch (*key & 7) {
    case kVarint:
      value = next_varint();
      break;
    case kFixed64:
      value = next_fixed(8);
      break;
    case kFixed32:
      value = next_fixed(4);
      break;
    case kDelimited:
      value = next_varint();
      ok_ = ok_ && value && *value <= rest_.size();
      if (!ok_) return std::nullopt;
      field.is_delimited = true;
      field.bytes = rest_.substr(0, *value);
      rest_.remove_prefix(*value);
      return field;
    default:
      ok_ = false;
  }
  ok_ = ok_ && value.has_value();
  if (!ok_) return std::nullopt;
  field.value = *value;
  return field;
}

}  // namespace skiff::api::protobuf

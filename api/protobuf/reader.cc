#include "api/protobuf/reader.h"

namespace skiff::api::protobuf {
namespace {

constexpr std::string_view kTruncated = "unexpected EOF";
constexpr int kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxFieldNumber = (1U << 29) - 1;

}  // namespace

bool Reader::fail(std::string_view what) {
  error_ = what;
  return false;
}

std::optional<std::uint64_t> Reader::next_varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    if (rest_.empty()) {
      fail(kTruncated);
      return std::nullopt;
    }
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  fail("proto: integer overflow");
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::next_fixed(std::size_t size) {
  if (rest_.size() < size) {
    fail(kTruncated);
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return value;
}

std::optional<std::uint64_t> Reader::next_number(WireType type) {
  if (type == WireType::kFixed64) return next_fixed(8);
  if (type == WireType::kFixed32) return next_fixed(4);
  return next_varint();
}

std::optional<WireField> Reader::next_tag() {
  const std::optional<std::uint64_t> tag = next_varint();
  if (!tag) return std::nullopt;
  const std::uint64_t number = *tag >> 3;
  const std::uint64_t type = *tag & 7;
  if (number == 0 || number > kMaxFieldNumber || type > static_cast<std::uint64_t>(WireType::kFixed32)) {
    fail("proto: illegal tag");
    return std::nullopt;
  }
  WireField field;
  field.number = static_cast<std::uint32_t>(number);
  field.type = static_cast<WireType>(type);
  return field;
}

bool Reader::read_value(WireField& field) {
  switch (field.type) {
    case WireType::kVarint:
    case WireType::kFixed64:
    case WireType::kFixed32:
      field.value = next_number(field.type).value_or(0);
      return error_.empty();
    case WireType::kDelimited: {
      const std::optional<std::uint64_t> size = next_varint();
      if (!size) return false;
      if (*size > rest_.size()) return fail(kTruncated);
      field.bytes = rest_.substr(0, *size);
      rest_.remove_prefix(*size);
      return true;
    }
    case WireType::kStartGroup:
      return skip_group();
    case WireType::kEndGroup:
      break;
  }
  return fail("proto: unexpected end of group");
}

bool Reader::skip_group() {
  for (std::size_t open = 1; open > 0;) {
    std::optional<WireField> inner = next_tag();
    if (!inner) return false;
    if (inner->type == WireType::kStartGroup) {
      ++open;
    } else if (inner->type == WireType::kEndGroup) {
      --open;
    } else if (!read_value(*inner)) {
      return false;
    }
  }
  return true;
}

std::optional<WireField> Reader::next() {
  if (rest_.empty() || !error_.empty()) return std::nullopt;
  std::optional<WireField> field = next_tag();
  if (!field || !read_value(*field)) return std::nullopt;
  return field;
}

}  // namespace skiff::api::protobuf

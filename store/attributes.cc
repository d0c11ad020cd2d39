#include "store/attributes.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace skiff::store {
namespace {

constexpr std::size_t kLengthSize = 4;

void put_text(std::string_view text, std::string& bytes) {
  const auto size = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((size >> shift) & 0xff);
  bytes += text;
}

// Nothing when the bytes end before the text does.
std::optional<std::string_view> take_text(std::string_view& bytes) {
  if (bytes.size() < kLengthSize) return std::nullopt;
  std::uint32_t size = 0;
  for (std::size_t i = kLengthSize; i-- > 0;) size = (size << 8) | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(kLengthSize);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return text;
}

// As std::string_view::compare, of `text` and prefix + rest.
int compare(std::string_view text, std::string_view prefix, std::string_view rest) {
  const int order = text.substr(0, prefix.size()).compare(prefix);
  return order != 0 ? order : text.substr(prefix.size()).compare(rest);
}

template <class Sorted>
std::string packed(const Sorted& attributes) {
  std::size_t size = 0;
  for (const auto& [name, value] : attributes) size += name.size() + value.size() + 2 * kLengthSize;
  std::string bytes;
  bytes.reserve(size);
  for (const auto& [name, value] : attributes) {
    put_text(name, bytes);
    put_text(value, bytes);
  }
  return bytes;
}

}  // namespace

Attributes::Attributes(std::vector<Attribute> attributes) {
  std::sort(attributes.begin(), attributes.end());
  bytes_ = packed(attributes);
}

Attributes::Attributes(std::initializer_list<View> attributes) {
  std::vector<View> sorted = attributes;
  std::sort(sorted.begin(), sorted.end());
  bytes_ = packed(sorted);
}

std::optional<Attributes> Attributes::from_bytes(std::string bytes) {
  for (std::string_view rest = bytes; !rest.empty();) {
    if (!take_text(rest) || !take_text(rest)) return std::nullopt;
  }
  Attributes attributes;
  attributes.bytes_ = std::move(bytes);
  return attributes;
}

std::optional<std::string_view> Attributes::find(std::string_view prefix, std::string_view rest) const {
  for (const auto& [name, value] : *this) {
    const int order = compare(name, prefix, rest);
    if (order == 0) return value;
    if (order > 0) break;
  }
  return std::nullopt;
}

// The bytes were checked when they came.
Attributes::View Attributes::Iterator::operator*() const {
  std::string_view rest = rest_;
  const std::string_view name = *take_text(rest);
  return {name, *take_text(rest)};
}

Attributes::Iterator& Attributes::Iterator::operator++() {
  take_text(rest_);
  take_text(rest_);
  return *this;
}

}  // namespace skiff::store

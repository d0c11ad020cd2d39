#include "store/attributes.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace skiff::store {
namespace {

using Names = Attributes::Names;

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

// Nearly all values take one byte for their length.
void put_value(std::string_view value, std::string& values) {
  std::size_t size = value.size();
  for (; size >= 0x80; size >>= 7) values += static_cast<char>((size & 0x7f) | 0x80);
  values += static_cast<char>(size);
  values += value;
}

std::string_view take_value(std::string_view& values) {
  std::size_t size = 0;
  std::size_t at = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(values[at++]);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const std::string_view value = values.substr(at, size);
  values.remove_prefix(at + size);
  return value;
}

// As std::string_view::compare, of `text` and prefix + rest.
int compare(std::string_view text, std::string_view prefix, std::string_view rest) {
  const int order = text.substr(0, prefix.size()).compare(prefix);
  return order != 0 ? order : text.substr(prefix.size()).compare(rest);
}

// Every list of names that attributes have, once, for as long as there are some. Thread-safe.
class NameLists {
 public:
  std::shared_ptr<const Names> shared(const std::vector<Attributes::View>& attributes) {
    std::string key;
    for (const auto& [name, value] : attributes) put_text(name, key);
    const std::lock_guard lock(mutex_);
    std::weak_ptr<const Names>& known = lists_[key];
    if (auto list = known.lock()) return list;
    auto made = std::make_unique<Names>();
    made->reserve(attributes.size());
    for (const auto& [name, value] : attributes) made->emplace_back(name);
    const auto forget_and_delete = [this, key](const Names* list) {
      forget(key);
      delete list;
    };
    std::shared_ptr<const Names> list(made.release(), forget_and_delete);
    known = list;
    return list;
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return lists_.size();
  }

 private:
  void forget(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = lists_.find(key);
    // It may have been made anew since its last owner let go of it.
    if (found != lists_.end() && found->second.expired()) lists_.erase(found);
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const Names>> lists_;  // by the names, each after its length
};

NameLists& name_lists() {
  // Never destroyed: records may live until the process has ended.
  static NameLists& lists = *new NameLists;
  return lists;
}

template <class Some>
std::vector<Attributes::View> sorted_views(const Some& attributes) {
  std::vector<Attributes::View> views(attributes.begin(), attributes.end());
  std::sort(views.begin(), views.end());
  return views;
}

}  // namespace

Attributes::Attributes(const std::vector<View>& sorted) {
  if (sorted.empty()) return;
  names_ = name_lists().shared(sorted);
  for (const auto& [name, value] : sorted) put_value(value, values_);
  // It is kept for long and never grows again.
  values_.shrink_to_fit();
}

Attributes::Attributes(const std::vector<Attribute>& attributes) : Attributes(sorted_views(attributes)) {}

Attributes::Attributes(std::initializer_list<View> attributes) : Attributes(sorted_views(attributes)) {}

std::optional<Attributes> Attributes::from_bytes(std::string_view bytes) {
  std::vector<View> attributes;
  while (!bytes.empty()) {
    const auto name = take_text(bytes);
    const auto value = name ? take_text(bytes) : std::nullopt;
    if (!value) return std::nullopt;
    attributes.emplace_back(*name, *value);
  }
  return Attributes(attributes);
}

std::string Attributes::bytes() const {
  std::string bytes;
  for (const auto& [name, value] : *this) {
    put_text(name, bytes);
    put_text(value, bytes);
  }
  return bytes;
}

std::optional<std::string_view> Attributes::find(std::string_view prefix, std::string_view rest) const {
  for (const auto& [name, value] : *this) {
    const int order = compare(name, prefix, rest);
    if (order == 0) return value;
    if (order > 0) break;
  }
  return std::nullopt;
}

std::size_t Attributes::lists_of_names() { return name_lists().size(); }

Attributes::Iterator Attributes::begin() const { return {names_ ? names_->data() : nullptr, values_}; }

Attributes::Iterator Attributes::end() const { return {names_ ? names_->data() + names_->size() : nullptr, {}}; }

Attributes::View Attributes::Iterator::operator*() const {
  std::string_view rest = values_;
  return {*name_, take_value(rest)};
}

Attributes::Iterator& Attributes::Iterator::operator++() {
  take_value(values_);
  ++name_;
  return *this;
}

}  // namespace skiff::store

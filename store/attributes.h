#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::store {

using Attribute = std::pair<std::string, std::string>;

// Small named values that travel with a record so that a reader can select without parsing the value (labels,
// selectable fields), sorted by name. Every record has about ten of them, so they are one text: for each name and value
// a 32-bit length, little-endian, and the bytes; the log holds the same.
class Attributes {
 public:
  using View = std::pair<std::string_view, std::string_view>;

  // Over views into the text.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    using pointer = const View*;
    using reference = View;

    explicit Iterator(std::string_view rest) : rest_(rest) {}
    View operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;  // of the text, from this attribute on
  };

  Attributes() = default;  // none
  Attributes(std::initializer_list<View> attributes);
  explicit Attributes(std::vector<Attribute> attributes);
  // Nothing when bytes() of no attributes can have been these.
  [[nodiscard]] static std::optional<Attributes> from_bytes(std::string bytes);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // The value of a name; a view into the text.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const { return find(name, {}); }
  // Of the name that the two make together.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view prefix, std::string_view rest) const;

  [[nodiscard]] Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] Iterator end() const { return Iterator({}); }

  bool operator==(const Attributes&) const = default;

 private:
  std::string bytes_;
};

}  // namespace skiff::store

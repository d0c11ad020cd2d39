#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::store {

using Attribute = std::pair<std::string, std::string>;

// Small named values that travel with a record so that a reader can select without parsing the value (labels,
// selectable fields), sorted by name. Every record has about ten of them, and most records of a collection have the
// same names: these are there once in the process, shared by all, and the values are one text. Thread-safe as a
// std::string.
class Attributes {
 public:
  using View = std::pair<std::string_view, std::string_view>;
  using Names = std::vector<std::string>;

  // Over views into the names and the text.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    using pointer = const View*;
    using reference = View;

    Iterator(const std::string* name, std::string_view values) : name_(name), values_(values) {}
    View operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return name_ == other.name_; }

   private:
    const std::string* name_;
    std::string_view values_;  // of the text, from this attribute's on
  };

  Attributes() = default;  // none
  Attributes(std::initializer_list<View> attributes);
  explicit Attributes(const std::vector<Attribute>& attributes);
  // Nothing when bytes() of no attributes can have been these.
  [[nodiscard]] static std::optional<Attributes> from_bytes(std::string_view bytes);

  // As the log holds them: for each name and value a 32-bit length, little-endian, and the bytes.
  [[nodiscard]] std::string bytes() const;
  [[nodiscard]] bool empty() const { return !names_; }
  // The value of a name; a view into the text.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const { return find(name, {}); }
  // Of the name that the two make together.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view prefix, std::string_view rest) const;

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

  // Attributes of equal names have the same list of them.
  bool operator==(const Attributes&) const = default;

  // How many lists of names there are in the process; for tests.
  [[nodiscard]] static std::size_t lists_of_names();

 private:
  // Of sorted ones.
  explicit Attributes(const std::vector<View>& sorted);

  std::shared_ptr<const Names> names_;  // null: none
  std::string values_;                  // of each name in turn its length (LEB128) and its bytes
};

}  // namespace skiff::store

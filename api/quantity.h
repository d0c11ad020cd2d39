#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::api {

// resource.Quantity: a fixed-point number with a suffix ("500m", "64Mi", "1e3"). Kept in nano units of 128 bits, which
// covers what upstream accepts (larger values are capped, smaller digits rounded up, as upstream does).
class Quantity {
 public:
  Quantity() = default;
  // Nothing when the text is not a quantity.
  [[nodiscard]] static std::optional<Quantity> parse(std::string_view text);
  // Why parse() refuses the text, in upstream's words; empty when it does not.
  [[nodiscard]] static std::string_view parse_error(std::string_view text);
  [[nodiscard]] static Quantity from_integer(std::int64_t value);
  [[nodiscard]] static Quantity from_milli(std::int64_t value);
  // Shown with binary suffixes: "64Mi".
  [[nodiscard]] static Quantity from_bytes(std::int64_t value);

  // Rounded up, as upstream's Value() and MilliValue().
  [[nodiscard]] std::int64_t value() const;
  [[nodiscard]] std::int64_t milli_value() const;
  [[nodiscard]] bool is_zero() const { return nano_ == 0; }
  [[nodiscard]] bool is_negative() const { return nano_ < 0; }

  // The canonical form in the suffix family that it was parsed with: "0.5" -> "500m", "1024Mi" -> "1Gi".
  [[nodiscard]] std::string to_string() const;

  Quantity& operator+=(const Quantity& other);
  Quantity& operator-=(const Quantity& other);
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) { return a.nano_ <=> b.nano_; }

 private:
  enum class Format { kDecimalSi, kBinarySi, kDecimalExponent };
  __extension__ using Int128 = __int128;
  Int128 nano_ = 0;
  Format format_ = Format::kDecimalSi;
};

}  // namespace skiff::api

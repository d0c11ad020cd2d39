#include "api/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace skiff::api {
namespace {

__extension__ using Int128 = __int128;

constexpr Int128 kNanoPerUnit = 1'000'000'000;
constexpr Int128 kNanoPerMilli = 1'000'000;
// Upstream caps what it parses at 2^63-1 units.
constexpr Int128 kMaxNano = Int128{std::numeric_limits<std::int64_t>::max()} * kNanoPerUnit;
// So many digits of the mantissa are kept, further ones only round up: all that 128 bits hold, and what they hold
// after a multiplication by 2^60.
constexpr int kMaxDecimalDigits = 37;
constexpr int kMaxBinaryDigits = 20;

struct Suffix {
  std::string_view text;
  int exponent;  // of 10 or of 2
};

constexpr std::array<Suffix, 10> kDecimalSuffixes = {{
    {"n", -9},
    {"u", -6},
    {"m", -3},
    {"", 0},
    {"k", 3},
    {"M", 6},
    {"G", 9},
    {"T", 12},
    {"P", 15},
    {"E", 18},
}};
constexpr std::array<Suffix, 6> kBinarySuffixes = {{
    {"Ki", 10},
    {"Mi", 20},
    {"Gi", 30},
    {"Ti", 40},
    {"Pi", 50},
    {"Ei", 60},
}};

template <std::size_t Count>
const Suffix* find_suffix(const std::array<Suffix, Count>& suffixes, std::string_view text) {
  const auto found = std::find_if(suffixes.begin(), suffixes.end(), [&](const Suffix& s) { return s.text == text; });
  return found == suffixes.end() ? nullptr : &*found;
}

// The exponent of "e3", "E-2"; nothing when it is not one.
std::optional<int> decimal_exponent(std::string_view suffix) {
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  std::string_view digits = suffix.substr(1);
  if (digits[0] == '+') digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return exponent;
}

// A number split into its parts: "-1.5Gi" is {negative, "1", "5", "Gi"}.
struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view suffix;
};

std::string_view take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    parts.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  parts.whole = take_digits(text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (text.find_first_not_of("eEinumkKMGTP+-0123456789") != std::string_view::npos) return std::nullopt;
  parts.suffix = text;
  return parts;
}

// mantissa * 10^power, more or less: `inexact` when digits that do not fit were not all zero.
struct Number {
  Int128 mantissa = 0;
  int power = 0;
  bool inexact = false;
};

Number read_number(const Parts& parts, int max_digits) {
  Number number;
  int digits = 0;
  const auto read = [&](std::string_view text, bool is_fraction) {
    for (char c : text) {
      if (digits == max_digits) {
        number.inexact |= c != '0';
        if (!is_fraction) ++number.power;
        continue;
      }
      number.mantissa = number.mantissa * 10 + (c - '0');
      if (number.mantissa != 0) ++digits;
      if (is_fraction) --number.power;
    }
  };
  read(parts.whole, false);
  read(parts.fraction, true);
  return number;
}

// The number in nano units, rounded away from zero, capped at kMaxNano.
Int128 to_nano(Number number, std::int64_t exponent) {
  Int128 value = number.mantissa;
  if (value == 0) return number.inexact ? 1 : 0;
  std::int64_t power = number.power + exponent + 9;
  for (; power > 0 && value <= kMaxNano; --power) value *= 10;
  for (; power < 0 && value != 0; ++power) {
    number.inexact |= value % 10 != 0;
    value /= 10;
  }
  return std::min(kMaxNano, number.inexact ? value + 1 : value);
}

std::int64_t divide_rounding_away(Int128 nano, Int128 divisor) {
  Int128 quotient = nano / divisor;
  if (nano % divisor != 0) quotient += nano > 0 ? 1 : -1;
  const Int128 limit = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(quotient, -limit, limit));
}

std::string to_text(Int128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  const std::optional<Parts> parts = split(text);
  if (!parts) return std::nullopt;
  Quantity result;
  if (const Suffix* decimal = find_suffix(kDecimalSuffixes, parts->suffix)) {
    result.nano_ = to_nano(read_number(*parts, kMaxDecimalDigits), decimal->exponent);
  } else if (const Suffix* binary = find_suffix(kBinarySuffixes, parts->suffix)) {
    result.format_ = Format::kBinarySi;
    Number number = read_number(*parts, kMaxBinaryDigits);
    number.mantissa <<= binary->exponent;
    result.nano_ = to_nano(number, 0);
  } else if (const std::optional<int> exponent = decimal_exponent(parts->suffix)) {
    result.format_ = Format::kDecimalExponent;
    result.nano_ = to_nano(read_number(*parts, kMaxDecimalDigits), *exponent);
  } else {
    return std::nullopt;
  }
  if (parts->negative) result.nano_ = -result.nano_;
  return result;
}

std::string_view Quantity::parse_error(std::string_view text) {
  if (parse(text)) return "";
  if (split(text)) return "unable to parse quantity's suffix";
  return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

Quantity Quantity::from_integer(std::int64_t value) {
  Quantity result;
  result.nano_ = value * kNanoPerUnit;
  return result;
}

Quantity Quantity::from_milli(std::int64_t value) {
  Quantity result;
  result.nano_ = value * kNanoPerMilli;
  return result;
}

Quantity Quantity::from_bytes(std::int64_t value) {
  Quantity result = from_integer(value);
  result.format_ = Format::kBinarySi;
  return result;
}

std::int64_t Quantity::value() const { return divide_rounding_away(nano_, kNanoPerUnit); }

std::int64_t Quantity::milli_value() const { return divide_rounding_away(nano_, kNanoPerMilli); }

std::string Quantity::to_string() const {
  if (nano_ == 0) return "0";
  Int128 magnitude = nano_ < 0 ? -nano_ : nano_;
  const std::string sign = nano_ < 0 ? "-" : "";
  if (format_ == Format::kBinarySi && magnitude >= 1024 * kNanoPerUnit && magnitude % kNanoPerUnit == 0) {
    magnitude /= kNanoPerUnit;
    std::size_t thousands = 0;
    for (; magnitude % 1024 == 0 && thousands < kBinarySuffixes.size(); ++thousands) magnitude /= 1024;
    return sign + to_text(magnitude) + (thousands == 0 ? "" : std::string(kBinarySuffixes[thousands - 1].text));
  }
  // Small and fractional binary numbers are shown as decimal ones, as upstream does.
  std::size_t thousands = 0;
  for (; magnitude % 1000 == 0 && thousands + 1 < kDecimalSuffixes.size(); ++thousands) magnitude /= 1000;
  const Suffix& suffix = kDecimalSuffixes[thousands];
  if (format_ == Format::kDecimalExponent && suffix.exponent != 0) {
    return sign + to_text(magnitude) + "e" + std::to_string(suffix.exponent);
  }
  return sign + to_text(magnitude) + std::string(suffix.text);
}

Quantity& Quantity::operator+=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ += other.nano_;
  return *this;
}

Quantity& Quantity::operator-=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ -= other.nano_;
  return *this;
}

}  // namespace skiff::api

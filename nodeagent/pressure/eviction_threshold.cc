#include "nodeagent/pressure/eviction_threshold.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace skiff::nodeagent {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// "10%" is 0.1.
Result<float> parse_fraction(EvictionSignal signal, std::string_view value) {
  float percentage = 0;
  const std::string_view digits = value.substr(0, value.size() - 1);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percentage);
  const std::string name(name_of(signal));
  if (error != std::errc() || rest != digits.data() + digits.size()) {
    return Error{ErrorCode::kInvalid, "\"" + std::string(value) + "\" is no percentage"};
  }
  if (percentage < 0) {
    return Error{ErrorCode::kInvalid,
                 "eviction percentage threshold " + name + " must be >= 0%: " + std::string(value)};
  }
  if (percentage > 100) {
    return Error{ErrorCode::kInvalid,
                 "eviction percentage threshold " + name + " must be <= 100%: " + std::string(value)};
  }
  return percentage / 100;
}

Result<EvictionThreshold> parse_threshold(EvictionSignal signal, std::string_view value) {
  EvictionThreshold threshold;
  threshold.signal = signal;
  if (value.ends_with('%')) {
    const auto fraction = parse_fraction(signal, value);
    if (!fraction) return fraction.error();
    threshold.fraction = *fraction;
    return threshold;
  }
  const auto amount = api::Quantity::parse(value);
  if (!amount) return Error{ErrorCode::kInvalid, std::string(api::Quantity::parse_error(value))};
  if (amount->is_negative() || amount->is_zero()) {
    std::string message = "eviction threshold " + std::string(name_of(signal));
    message += " must be positive: " + amount->to_string();
    return Error{ErrorCode::kInvalid, std::move(message)};
  }
  threshold.amount = *amount;
  return threshold;
}

}  // namespace

api::Quantity EvictionThreshold::amount_of(std::int64_t capacity) const {
  if (fraction == 0) return amount;
  return api::Quantity::from_bytes(static_cast<std::int64_t>(static_cast<double>(capacity) * fraction));
}

Result<std::vector<EvictionThreshold>> parse_eviction_thresholds(std::string_view text) {
  std::vector<EvictionThreshold> thresholds;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto sign = pair.find('<');
    if (sign == std::string_view::npos) return Error{ErrorCode::kInvalid, "malformed pair, expect string<string"};
    const std::string_view name = trimmed(pair.substr(0, sign));
    const std::string_view value = trimmed(pair.substr(sign + 1));
    const auto signal = find_eviction_signal(name);
    if (!signal) return Error{ErrorCode::kInvalid, "unsupported eviction signal " + std::string(name)};
    std::erase_if(thresholds, [&signal](const EvictionThreshold& earlier) { return earlier.signal == *signal; });
    if (value == "0%" || value == "100%") continue;
    const auto threshold = parse_threshold(*signal, value);
    if (!threshold) return threshold.error();
    thresholds.push_back(*threshold);
  }
  return thresholds;
}

std::vector<EvictionThreshold> thresholds_met(const std::vector<EvictionThreshold>& thresholds,
                                              const NodeFigures& figures) {
  std::vector<EvictionThreshold> met;
  for (const EvictionThreshold& threshold : thresholds) {
    const auto measured = figures.find(threshold.signal);
    if (measured == figures.end()) continue;
    const NodeAmount& amount = measured->second;
    if (threshold.amount_of(amount.capacity) > api::Quantity::from_integer(amount.available)) met.push_back(threshold);
  }
  std::stable_sort(met.begin(), met.end(), [](const auto& a, const auto& b) { return a.signal < b.signal; });
  return met;
}

}  // namespace skiff::nodeagent

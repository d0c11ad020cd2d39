#include "nodeagent/pods/back_off.h"

#include <algorithm>

namespace skiff::nodeagent {

bool BackOff::forgotten(TimePoint failed_at, const BackOffPolicy& policy) const {
  return failed_at - last_advance_ > 2 * policy.maximum;
}

bool BackOff::blocks(TimePoint failed_at, TimePoint now, const BackOffPolicy& policy) const {
  if (wait_.count() == 0 || forgotten(failed_at, policy)) return false;
  return now < ends(failed_at);
}

void BackOff::advance(TimePoint failed_at, TimePoint now, const BackOffPolicy& policy) {
  if (wait_.count() == 0 || forgotten(failed_at, policy)) {
    wait_ = policy.initial;
  } else {
    wait_ = std::min(wait_ * 2, policy.maximum);
  }
  last_advance_ = now;
}

std::string go_duration(std::chrono::milliseconds duration) {
  const auto total = duration.count();
  if (total == 0) return "0s";
  if (total < 1000) return std::to_string(total) + "ms";
  const auto hours = total / 3'600'000;
  const auto minutes = total / 60'000 % 60;
  std::string text;
  if (hours > 0) text += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) text += std::to_string(minutes) + "m";
  text += std::to_string(total / 1000 % 60);
  if (const auto fraction = total % 1000; fraction != 0) {
    std::string digits = std::to_string(1000 + fraction).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "s";
}

}  // namespace skiff::nodeagent

#include "scheduler/rejection.h"

#include <algorithm>
#include <vector>

namespace skiff::scheduler {

namespace {

std::string join_sorted(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : ", ") + part;
  return joined;
}

}  // namespace

std::string Rejection::message(bool may_preempt) const {
  if (nodes == 0) return "no nodes available to schedule pods";
  const std::string available = "0/" + std::to_string(nodes) + " nodes are available: ";
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : counts) reasons.push_back(std::to_string(count) + " " + reason);
  if (!everywhere.empty()) reasons = {everywhere};
  std::string text = available + join_sorted(std::move(reasons)) + ". preemption: ";
  if (!may_preempt) return text + "not eligible due to preemptionPolicy=Never.";
  std::vector<std::string> outcomes;
  if (resolvable > 0) outcomes.push_back(std::to_string(resolvable) + " No preemption victims found for incoming pod");
  if (nodes > resolvable) {
    outcomes.push_back(std::to_string(nodes - resolvable) + " Preemption is not helpful for scheduling");
  }
  return text + available + join_sorted(std::move(outcomes)) + ".";
}

}  // namespace skiff::scheduler

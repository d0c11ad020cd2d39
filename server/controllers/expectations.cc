#include "server/controllers/expectations.h"

#include <utility>

namespace skiff::controllers {

void Expectations::expect(const std::string& key, int creations, std::set<std::string> deletions, TimePoint now) {
  expected_[key] = Expected{creations, std::move(deletions), now};
}

void Expectations::creation_observed(const std::string& key, int count) {
  const auto expected = expected_.find(key);
  if (expected != expected_.end()) expected->second.creations -= count;
}

void Expectations::deletion_observed(const std::string& key, const std::string& uid) {
  const auto expected = expected_.find(key);
  if (expected != expected_.end()) expected->second.deletions.erase(uid);
}

bool Expectations::satisfied(const std::string& key, TimePoint now) const {
  const auto expected = expected_.find(key);
  if (expected == expected_.end()) return true;
  const Expected& outstanding = expected->second;
  return (outstanding.creations <= 0 && outstanding.deletions.empty()) || now - outstanding.since > kTimeout;
}

}  // namespace skiff::controllers

#pragma once

#include "api/base/clock.h"

#include <chrono>
#include <set>
#include <string>
#include <unordered_map>

namespace skiff::controllers {

// What a controller has asked for and its informer has not shown yet, so that a sync which comes too early does not ask
// again (client-go's ControllerExpectations). Keys are those of the work queue. Not thread-safe; takes the time as an
// argument.
class Expectations {
 public:
  // An expectation that is older is given up: the event it waits for was lost.
  static constexpr std::chrono::minutes kTimeout{5};

  // So many creations, and the deletion of the objects with these uids. Replaces what was expected before.
  void expect(const std::string& key, int creations, std::set<std::string> deletions, TimePoint now);

  // The event came, or the request failed. Those that nobody expects are ignored.
  void creation_observed(const std::string& key, int count = 1);
  void deletion_observed(const std::string& key, const std::string& uid);

  // Nothing is outstanding.
  [[nodiscard]] bool satisfied(const std::string& key, TimePoint now) const;
  void forget(const std::string& key) { expected_.erase(key); }

 private:
  struct Expected {
    int creations = 0;
    std::set<std::string> deletions;
    TimePoint since;
  };
  std::unordered_map<std::string, Expected> expected_;
};

}  // namespace skiff::controllers

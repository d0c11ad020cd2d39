#pragma once

#include "api/base/result.h"

#include <utility>

namespace skiff::nodeagent {

// The result of a number of steps that are all tried, whatever becomes of the others: the first failure, if any.
class FirstFailure {
 public:
  void note(Result<void> step) {
    if (result_ && !step) result_ = std::move(step);
  }
  [[nodiscard]] Result<void> take() { return std::move(result_); }

 private:
  Result<void> result_;
};

}  // namespace skiff::nodeagent

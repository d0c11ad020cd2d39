#include "nodeagent/pods/turns.h"

namespace skiff::nodeagent {

bool Turns::take(Begin begin) {
  waiting_.push_back(std::move(begin));
  serve();
  return waiting_.empty();
}

void Turns::end() {
  ++free_;
  serve();
}

// Not once more inside of itself: whoever gives its turn back at once would go one level deeper with each.
void Turns::serve() {
  if (std::exchange(serving_, true)) return;
  while (free_ > 0 && !waiting_.empty()) {
    const Begin begin = std::move(waiting_.front());
    waiting_.pop_front();
    --free_;
    begin(Turn(*this));
  }
  serving_ = false;
}

}  // namespace skiff::nodeagent

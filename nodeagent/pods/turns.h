#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace skiff::nodeagent {

// How many may work at a time; the others come later, in the order in which they asked. Ten thousand simulated pods
// that are worked on at once take no less time than one after the other, but forty kilobytes each, in pieces that the
// heap never gets together again. Not thread-safe; outlives its turns.
class Turns {
 public:
  // To be allowed to work, until it is over.
  class Turn {
   public:
    Turn() = default;  // none
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(turns_, other.turns_);
      return *this;
    }
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }

   private:
    friend class Turns;
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turns* turns_ = nullptr;
  };
  using Begin = std::function<void(Turn turn)>;

  explicit Turns(std::size_t max) : free_(max) {}

  // `begin` is called when it is its turn: before this returns, which it then says with true, or when another one ends.
  bool take(Begin begin);

 private:
  void end();
  void serve();

  std::size_t free_;
  std::deque<Begin> waiting_;
  bool serving_ = false;
};

}  // namespace skiff::nodeagent

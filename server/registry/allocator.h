#pragma once

#include "api/base/json.h"
#include "api/status.h"

#include <memory>

namespace skiff::server {

// What the objects of a kind take from a stock that they share: Services their cluster IPs and node ports. The stock is
// kept in memory and built anew from the stored objects at start, so that nothing on the disk can contradict them.
// Thread-safe; no call waits.
//
//   create, update:  begin() --- write committed ---> Transaction::commit()   (what the old object had is free)
//                        |------ refused -----------> ~Transaction()          (what the new object took is free)
//                        `------ outcome unknown ---> Transaction::abandon()  (nothing is free until the next start)
//   removal:         write committed ---> release()
//
// Whatever a write gives up is free only after its commit, so two stored objects never hold the same thing.
class Allocator {
 public:
  class Transaction {
   public:
    virtual ~Transaction() = default;
    // The object is stored as begin() left it.
    virtual void commit() = 0;
    // It may be stored, or will be later.
    virtual void abandon() = 0;
  };

  virtual ~Allocator() = default;

  // Takes what a stored object has. At start only.
  virtual void restore(const Json& object) = 0;
  // Takes what `object` asks for and completes it with what is chosen for it; before it is prepared and validated.
  // `old_object` is null when it is new. A dry run does the same and does not commit.
  [[nodiscard]] virtual api::Result<std::unique_ptr<Transaction>> begin(Json& object, const Json* old_object) = 0;
  // Gives back all that a removed object had.
  virtual void release(const Json& object) = 0;
};

}  // namespace skiff::server

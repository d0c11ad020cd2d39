#pragma once

#include "api/client.h"
#include "store/store.h"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace skiff::server {

// Lets all components of the process share one parsed form of a record: scheduler, controllers and agents watch the
// same pods, and a parsed pod takes several times the room of its bytes. It only remembers who has what: an object
// lives as long as a component keeps it. Thread-safe.
class ObjectCache {
 public:
  // The record's document, without managedFields. kInternalError when it is none.
  [[nodiscard]] api::Result<api::ObjectPtr> parsed(const store::RecordPtr& record);

 private:
  struct Entry {
    std::weak_ptr<const store::Record> record;  // tells a record from a later one at the same address
    std::weak_ptr<const Json> object;
  };

  void forget_expired();

  std::mutex mutex_;
  std::unordered_map<const store::Record*, Entry> entries_;
  std::size_t sweep_at_ = 1024;
};

}  // namespace skiff::server

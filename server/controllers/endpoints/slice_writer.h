#pragma once

#include "api/base/task.h"
#include "api/client/informer.h"
#include "server/controllers/endpoints/slices.h"

#include <map>
#include <string>

namespace skiff::controllers {

// Carries out plans of EndpointSlices, and knows when the informer shows what was written: a plan made from an older
// view would make slices twice, since the server chooses their names.
//
// Concurrency: everything on the informers' executor, one write() at a time per key. It will not: plan, or retry.
class SliceWriter {
 public:
  // `settled(key)` is called when the informer has caught up with what was written for a key. Both outlive the writer.
  SliceWriter(api::Client& client, api::Informer& slices, std::function<void(const std::string& key)> settled);

  // The slices with the label of a Service that `managed_by` manages, in order of their names.
  [[nodiscard]] std::vector<api::ObjectPtr> slices_of(const std::string& key, const char* managed_by) const;
  // Whether these are up to date. If not, settled() will be called.
  [[nodiscard]] bool is_settled(const std::string& key) const { return !unseen_.contains(key); }

  // The first failure ends it; what is gone already counts as removed.
  Task<api::Result<void>> write(std::string key, SlicePlan plan);

 private:
  void wrote(const std::string& key, const Json& slice);
  void removed(const std::string& key, const Json& slice);
  void seen(const Json& slice, bool is_gone);

  api::Client& client_;
  api::Informer& slices_;
  std::function<void(const std::string& key)> settled_;
  // By key, the slices that the informer has yet to show, by name: the revision written, or 0 for a removed one.
  std::map<std::string, std::map<std::string, std::int64_t>> unseen_;
};

}  // namespace skiff::controllers

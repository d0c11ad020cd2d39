#pragma once

#include "server/http/http.h"
#include "store/store.h"

namespace skiff::server {

// Answers what is below /debug/, for members of system:masters only: it shows everything, and costs what serves others.
//
//   GET /debug/backup                    the live state of the store (backup.h)
//   GET /debug/malloc                    where the memory is: jemalloc's statistics, or glibc's malloc_info(3)
//   GET /debug/pprof/profile?seconds=30  what the processor is used for meanwhile (cpu_profile.h)
//
// Hands everything else on. Thread-safe.
class DebugHandler final : public Handler {
 public:
  // Both must outlive it.
  DebugHandler(const store::Store& store, Handler& next) : store_(store), next_(next) {}
  Task<Response> handle(Request request) override;

 private:
  [[nodiscard]] Response respond(const Request& request, const asio::any_io_executor& executor) const;

  const store::Store& store_;
  Handler& next_;
};

}  // namespace skiff::server

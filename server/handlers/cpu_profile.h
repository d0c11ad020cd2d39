#pragma once

#include "api/base/fd.h"
#include "api/status.h"

#include <memory>
#include <string>

namespace skiff::server {

// A profile of what this process spends its processor time on, taken a hundred times per second of that time by
// gperftools' libprofiler. The library is loaded for the first profile: before, it costs nothing.
//
// One profile at a time, for the whole process. The functions block for a millisecond, the first start for some more.
class CpuProfile {
 public:
  // Begins. kServiceUnavailable: the library is not installed; kConflict: another profile is being taken.
  [[nodiscard]] static api::Result<std::unique_ptr<CpuProfile>> start();
  // Ends it, too.
  ~CpuProfile();
  CpuProfile(const CpuProfile&) = delete;
  CpuProfile& operator=(const CpuProfile&) = delete;

  // Ends, and gives the profile in the form that `google-pprof` and `go tool pprof` read, addresses with the process's
  // map behind them: they take the names from a binary that still has its symbols. To be called once.
  [[nodiscard]] std::string finish();

 private:
  explicit CpuProfile(UniqueFd file) : file_(std::move(file)) {}

  const UniqueFd file_;  // of memory
  bool is_finished_ = false;
};

}  // namespace skiff::server

#pragma once

#include "api/base/clock.h"
#include "api/client.h"
#include "server/registry/impl.h"

namespace skiff::server {

// What a deletion does to the object that stands there, as a function of values: remove it, mark it and let finalizers
// or its agent finish, shorten a grace period that runs, or (the object unchanged) nothing.
//
//                      finalizers, spec.finalizers
//                      or a grace period > 0            the last finalizer goes, or
//   live object ------------------------------> marked --- deletion with grace 0 ---> gone
//        \                                                                            ^
//         `------------- none of these -----------------------------------------------'
[[nodiscard]] api::Result<Decision> decide_removal(const Kind& kind, const store::Record& record, Json current,
                                                   const api::DeleteOptions& options, TimePoint now);

}  // namespace skiff::server

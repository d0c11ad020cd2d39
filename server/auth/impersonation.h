#pragma once

#include "server/auth/authorizer.h"
#include "server/http/http.h"

namespace skiff::server {

// Lets a user act as another one (`kubectl --as`), as the headers Impersonate-User, -Group, -Uid and -Extra-* ask:
// stands between authentication and what answers, and replaces Request::user when the authorizer lets the user
// impersonate each of the things named. Whoever impersonates somebody has all of that one's rights and none of the own.
// Thread-safe; keeps no state.
class ImpersonatingHandler final : public Handler {
 public:
  // Both must outlive it.
  ImpersonatingHandler(const Authorizer& authorizer, Handler& next) : authorizer_(authorizer), next_(next) {}
  Task<Response> handle(Request request) override;

 private:
  const Authorizer& authorizer_;
  Handler& next_;
};

}  // namespace skiff::server

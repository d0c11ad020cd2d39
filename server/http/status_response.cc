#include "server/http/status_response.h"

#include "api/base/json.h"

namespace skiff::server {

Response status_response(const api::Status& status) {
  Response response;
  response.status = status.code();
  response.headers.add("Content-Type", "application/json");
  if (status.retry_after_seconds > 0) {
    response.headers.add("Retry-After", std::to_string(status.retry_after_seconds));
  }
  // With a line end, as Go's encoder leaves it.
  response.body.push_back(Slice::of(to_json_text(api::to_json(status)) + "\n"));
  return response;
}

}  // namespace skiff::server

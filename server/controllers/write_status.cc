#include "server/controllers/write_status.h"

#include <utility>

namespace skiff::controllers {

Task<api::Result<void>> write_status(api::Client& client, const api::ResourceType& type, api::ObjectPtr object,
                                     Json status) {
  if (object->value("status", Json()) == status) co_return api::Result<void>();
  Json updated = *object;
  updated["status"] = std::move(status);
  api::WriteOptions options;
  options.subresource = "status";
  const auto written = co_await client.update(type, std::move(updated), options);
  if (!written && written.error().reason != api::Reason::kNotFound) co_return written.error();
  co_return api::Result<void>();
}

void set_count(Json& status, const char* member, std::int64_t count) {
  if (count != 0) {
    status[member] = count;
  } else {
    status.erase(member);
  }
}

}  // namespace skiff::controllers

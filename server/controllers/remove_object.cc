#include "server/controllers/remove_object.h"

#include "api/views/meta.h"

namespace skiff::controllers {

Task<api::Result<void>> remove_object(api::Client& client, const api::ResourceType& type, api::ObjectPtr object,
                                      api::DeleteOptions options) {
  options.uid = api::uid_of(*object);
  const api::NamespacedName name = api::key_of(*object);
  const auto removed = co_await client.remove(type, name, std::move(options));
  if (!removed && removed.error().reason != api::Reason::kNotFound) co_return removed.error();
  co_return api::Result<void>();
}

}  // namespace skiff::controllers

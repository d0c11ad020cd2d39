#pragma once

#include "api/base/task.h"
#include "api/client.h"

namespace skiff::controllers {

// Deletes that very object (by its uid, which goes into `options`). One that is gone is no error; another of its name
// is a conflict. `type` outlives the call.
Task<api::Result<void>> remove_object(api::Client& client, const api::ResourceType& type, api::ObjectPtr object,
                                      api::DeleteOptions options);

}  // namespace skiff::controllers

#pragma once

#include "api/base/task.h"
#include "api/client.h"

namespace skiff::controllers {

// Writes the object's whole status unless it stands there already. An object that is gone is no error; one that has
// changed since it was read is a conflict, after which its controller looks again. `type` outlives the call.
Task<api::Result<void>> write_status(api::Client& client, const api::ResourceType& type, api::ObjectPtr object,
                                     Json status);

// A counter of a status; zeros are left out.
void set_count(Json& status, const char* member, std::int64_t count);

}  // namespace skiff::controllers

#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <string>

// Unix sockets in directories of any depth: a socket's address holds 108 characters, so they are addressed through a
// descriptor of their directory.
namespace skiff::nodeagent::oci {

// Listens, non-blocking, at `directory`/`name` (SOCK_STREAM).
[[nodiscard]] Result<UniqueFd> listen_at(const std::string& directory, const std::string& name);

// Connected to `directory`/`name` with a socket of `type`.
[[nodiscard]] Result<UniqueFd> connect_to(const std::string& directory, const std::string& name, int type);

// Takes the next connection of a listener and the descriptor that its peer has sent already. kUnavailable when there is
// none.
[[nodiscard]] Result<UniqueFd> receive_descriptor(const UniqueFd& listener);

}  // namespace skiff::nodeagent::oci

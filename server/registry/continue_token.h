#pragma once

#include "api/status.h"
#include "store/store.h"

#include <string>
#include <string_view>

namespace skiff::server {

// Where a list that was cut short goes on. Clients get it as upstream's opaque text: base64url of
// {"v":"meta.k8s.io/v1","rv":<revision>,"start":"<first key, without the list's prefix>"}.
struct ContinueToken {
  // The revision that the whole list shows; kInconsistent: whatever is newest.
  store::Revision revision = 0;
  // The last key already listed.
  std::string after;

  static constexpr store::Revision kInconsistent = -1;

  [[nodiscard]] std::string encode(std::string_view prefix) const;
  // kBadRequest when the text is not such a token.
  [[nodiscard]] static api::Result<ContinueToken> decode(std::string_view text, std::string_view prefix);
};

}  // namespace skiff::server

#pragma once

#include "api/base/result.h"

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace skiff::nodeagent {

// SHA-256 of bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  // "sha256:<hex>" of everything so far; the object is used up.
  [[nodiscard]] std::string digest();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// "sha256:<hex>" of a file.
[[nodiscard]] Result<std::string> digest_of_file(const std::string& path);

}  // namespace skiff::nodeagent

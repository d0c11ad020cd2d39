#pragma once

#include "server/handlers/api_resources.h"
#include "server/http/http.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::server {

// What clients learn the API from: /api, /apis, /apis/GROUP and the resource list of each version, and the aggregated
// form of the first two, which new clients ask for. All documents are made once. Immutable, so thread-safe.
class Discovery {
 public:
  explicit Discovery(const std::vector<ApiResource>& resources);

  // Nothing when the path is none of discovery's.
  [[nodiscard]] std::optional<Response> respond(const Request& request) const;

 private:
  // A document in its final form, with the hash that is its ETag.
  struct Document {
    std::shared_ptr<const std::string> json;
    std::string etag;
  };
  static Document document_of(const Json& json);
  [[nodiscard]] const Document* aggregated(const std::string& path, const std::string& version) const;

  std::map<std::string, Document> by_path_;
  std::map<std::string, Document> aggregated_;  // by "<path> <version>"
};

}  // namespace skiff::server

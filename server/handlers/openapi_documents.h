#pragma once

#include "api/base/clock.h"
#include "api/openapi/openapi.h"
#include "api/schema/schema.h"
#include "server/handlers/api_resources.h"
#include "server/http/http.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace skiff::server {

// /openapi/v2 and /openapi/v3, from documents that are made when somebody first asks (which takes tens of milliseconds)
// and kept. Thread-safe; the catalog outlives it.
class OpenApiDocuments {
 public:
  OpenApiDocuments(const api::schema::Catalog& catalog, const std::vector<ApiResource>& resources,
                   std::string server_version);

  // Nothing when the path is none of OpenAPI's. `now` is for the headers that allow to cache.
  [[nodiscard]] std::optional<Response> respond(const Request& request, TimePoint now);

 private:
  // A document whose bytes answers share.
  struct Document {
    std::shared_ptr<const std::string> bytes;
    std::string hash;
  };
  static Document shared(api::openapi::Document document);
  void make_v2();
  void make_v3();
  [[nodiscard]] Response respond_v2(const Request& request);
  [[nodiscard]] std::optional<Response> respond_v3(const Request& request, const std::string& path, TimePoint now);

  const api::schema::Catalog& catalog_;
  const std::vector<api::openapi::ServedResource> resources_;
  const std::string server_version_;

  std::once_flag v2_made_;
  Document v2_json_;
  Document v2_protobuf_;
  std::once_flag v3_made_;
  Document v3_index_;
  std::map<std::string, Document> v3_by_path_;
};

}  // namespace skiff::server

#pragma once

#include "nodeagent/probes/http_transfers.h"

#include <string>
#include <vector>

namespace skiff::nodeagent {

// The manifests behind a URL: fetched with a GET that has 10 seconds, from a server whose certificate, if it has one,
// the machine's authorities vouch for.
//
// Concurrency: everything on the executor given.
class ManifestUrl {
 public:
  // `headers` as HttpRequest has them.
  ManifestUrl(asio::any_io_executor executor, std::string url, std::vector<std::string> headers);

  // What the server has, after at most ten redirections. kUnavailable, with upstream's message, for everything but 200.
  Task<Result<std::string>> fetch();
  // Ends a fetch() that runs, with an error.
  void cancel() { transfers_.cancel(); }

 private:
  HttpTransfers transfers_;
  std::string url_;
  std::vector<std::string> headers_;
};

}  // namespace skiff::nodeagent

#pragma once

#include "api/base/task.h"
#include "server/http/http.h"

#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// True when an Accept-Encoding header allows gzip ("gzip", "deflate, gzip;q=1.0", "*"; not "gzip;q=0").
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

// The pieces as one gzip stream at upstream's level, the fastest. Lets the executor's other work run in between: a list
// of some megabytes takes tens of milliseconds.
[[nodiscard]] Task<std::vector<Slice>> gzip(std::vector<Slice> pieces);

}  // namespace skiff::server

#pragma once

#include "api/status.h"
#include "server/handlers/negotiation.h"
#include "server/http/http.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

// A slice that shares `text` with whoever else holds it.
[[nodiscard]] Slice share(std::shared_ptr<const std::string> text);

// The answer that consists of one JSON document, given in pieces; rewritten as YAML or indented if the client wants
// that.
[[nodiscard]] Response document_response(int status, std::vector<Slice> json, const OutputFormat& format);
[[nodiscard]] Response document_response(int status, const Json& document, const OutputFormat& format);

// A failure in the client's format; as JSON when the client accepts none of ours.
[[nodiscard]] Response error_response(const api::Status& status, const Request& request);

// 405, naming the methods that there are ("GET, POST").
[[nodiscard]] Response method_refused(const Request& request, std::string allowed);

// A document that upstream always sends indented, whatever the client accepts.
[[nodiscard]] Response indented_response(const Json& document);

[[nodiscard]] Response text_response(int status, std::string text);

// metav1.Status of status "Success". `details` is left out when it is empty, `code` when it is 0.
[[nodiscard]] Json success_status(int code, Json details);

// The two failures of routing, which upstream words without naming what was asked for.
[[nodiscard]] api::Status no_such_path();
[[nodiscard]] api::Status no_such_method();

// Adds one Warning header (`299 - "text"`) for each text, shortened when they are long.
void add_warnings(const std::vector<std::string>& warnings, Response& response);

}  // namespace skiff::server

#include "api/base/check.h"
#include "api/selector.h"
#include "server/handlers/parameters.h"
#include "server/handlers/request_info.h"
#include "server/http/request_parser.h"
#include "server/http/target.h"
#include "test/fuzz/target.h"

namespace skiff::fuzz {

namespace {

using State = server::RequestParser::State;

bool wants_more(const server::RequestParser& parser) {
  return parser.state() == State::kHeader || parser.state() == State::kBody;
}

// Offers the bytes in pieces of `step`, as a connection that reads them does.
State feed(server::RequestParser& parser, std::string_view input, std::size_t step) {
  std::string waiting;
  while (wants_more(parser) && !input.empty()) {
    waiting += input.substr(0, step);
    input.remove_prefix(std::min(step, input.size()));
    while (wants_more(parser) && !waiting.empty()) {
      const std::size_t used = parser.put(waiting);
      if (used == 0) break;
      waiting.erase(0, used);
    }
  }
  return parser.state();
}

}  // namespace

void fuzz_selector(std::string_view input) {
  if (const auto selector = api::LabelSelector::parse(input)) {
    const std::string text = selector->to_string();
    const auto again = api::LabelSelector::parse(text);
    CHECK_INVARIANT(again && again->to_string() == text);
    static_cast<void>(selector->matches(api::AttributeList{{"a", "1"}, {"app", "web"}}));
  }
  if (const auto selector = api::FieldSelector::parse(input)) {
    static_cast<void>(selector->matches({{"metadata.name", "web"}}));
  }
}

void fuzz_request_target(std::string_view input) {
  auto target = server::parse_target(input);
  if (!target) return;
  server::Request request;
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const char* method : {"GET", "POST", "DELETE"}) {
    request.method = method;
    static_cast<void>(server::request_info_of(request));
  }
  static_cast<void>(server::list_query(request));
  static_cast<void>(server::create_query(request));
  static_cast<void>(server::patch_query(request, api::PatchType::kMerge));
  static_cast<void>(server::delete_query(request));
}

void fuzz_http_request(std::string_view input) {
  const server::HttpLimits limits;
  server::RequestParser whole(limits), cut(limits);
  const State state = feed(whole, input, input.size());
  // However the bytes are cut, the request is the same; Beast refuses some trailers that come in pieces.
  if (feed(cut, input, 1) != State::kDone || state != State::kDone) return;
  CHECK_INVARIANT(whole.request().method == cut.request().method && whole.request().path == cut.request().path &&
                  whole.request().body == cut.request().body && whole.keep_alive() == cut.keep_alive());
}

}  // namespace skiff::fuzz

#include "server/http/request_parser.h"

#include "server/http/target.h"

#include <stdexcept>

// Beast 1.81 asserts what bytes of strangers can break (a last chunk with trailers that arrives in pieces). In this
// file its assertions throw, so that such a request is malformed instead of the end of the server.
#define BOOST_ENABLE_ASSERT_HANDLER
#include <boost/assert.hpp>

namespace boost {

void assertion_failed(const char* expression, const char*, const char*, long) { throw std::logic_error(expression); }

}  // namespace boost

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace skiff::server {

namespace http = boost::beast::http;

struct RequestParser::Impl {
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(const HttpLimits& limits) : limits_(limits), impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  impl_->parser.body_limit(limits.body_bytes);
}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::put(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == State::kHeader) used = put_header(bytes);
  if (state_ == State::kBody) used += put_body(bytes.substr(used));
  return used;
}

std::size_t RequestParser::put_header(std::string_view bytes) {
  const std::size_t used = put_to_beast(bytes);
  if (state_ != State::kHeader) return used;
  if (impl_->parser.is_header_done()) {
    accept_header();
    // From now on Beast takes all it can; before, it would have mixed a trailer's fields into the header's.
    impl_->parser.eager(true);
    return used;
  }
  // Beast limits a header line by line; all of it is limited here, where the lines come one by one.
  header_bytes_ += used;
  if (header_bytes_ + (bytes.size() - used) > limits_.header_bytes) state_ = State::kHeaderTooLong;
  return used;
}

std::size_t RequestParser::put_body(std::string_view bytes) {
  std::size_t used = 0;
  if (!impl_->parser.is_done()) used = put_to_beast(bytes);
  if (state_ != State::kBody) return used;
  if (impl_->parser.is_done()) {
    request_.body = std::move(impl_->parser.get().body());
    state_ = State::kDone;
  } else if (used == 0 && bytes.size() > limits_.header_bytes) {
    state_ = State::kMalformed;  // a chunk's header without an end
  }
  return used;
}

std::size_t RequestParser::put_to_beast(std::string_view bytes) {
  boost::system::error_code error;
  std::size_t used = 0;
  try {
    used = impl_->parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  } catch (const std::logic_error&) {
    error = http::error::bad_chunk;
  }
  if (error == http::error::body_limit) {
    state_ = State::kBodyTooLong;
  } else if (error == http::error::header_limit) {
    state_ = State::kHeaderTooLong;
  } else if (error && error != http::error::need_more) {
    state_ = State::kMalformed;
  }
  return used;
}

void RequestParser::accept_header() {
  const auto& message = impl_->parser.get();
  is_http_1_1_ = message.version() >= 11;
  keep_alive_ = impl_->parser.keep_alive();
  // A body in an encoding that we do not know would be taken for the next request.
  const bool unknown_encoding = message.count(http::field::transfer_encoding) > 0 && !impl_->parser.chunked();
  const bool host_missing = is_http_1_1_ && message.count(http::field::host) != 1;
  target_ = std::string(message.target());
  auto target = parse_target(target_);
  if (unknown_encoding || host_missing || !target) {
    state_ = State::kMalformed;
    return;
  }
  state_ = State::kBody;
  request_.method = std::string(message.method_string());
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  for (const auto& field : message) request_.headers.add(std::string(field.name_string()), std::string(field.value()));
  expects_continue_ = is_http_1_1_ && boost::beast::iequals(message[http::field::expect], "100-continue");
}

}  // namespace skiff::server

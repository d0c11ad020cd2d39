#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "server/http/byte_stream.h"
#include "server/http/http.h"
#include "server/http/input_buffer.h"
#include "server/http/limits.h"
#include "server/http/request_parser.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::server {

// One client's HTTP/1.1 connection: reads a request, has it handled, writes the response, and so on until either side
// ends.
//
//        +--------------------- keep-alive ----------------------+
//        v                                                       |
//   idle -> header -> (100 Continue) -> body -> handler -> response (whole, or a stream in chunks)
//                                                      \-> 101, and all that follows is the Upgrade's
//        any error of the request: 400, 413 or 431 and the end; no time left in a state: the end
//
// Requests that come before the last one was answered (pipelining) wait in the input buffer. While a body is streamed,
// the connection reads on, so that it notices a client that goes away and cancels the stream.
//
// Everything runs on `executor`, which must be a strand. Owned by shared_ptr: run() keeps the connection alive.
// It does not authenticate, route or know TLS.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::any_io_executor executor, std::unique_ptr<ByteStream> stream, Handler& handler, const Clock& clock,
             const HttpLimits& limits);

  // Returns when the connection is closed and no call of the handler or of a stream is left.
  Task<void> run();

  // Ends soon: at once when no request is complete, else after its response; a streamed body is cancelled.
  void stop();
  // Ends now: the client may see half a response.
  void abort();

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  // How a connection goes on after a request.
  enum class Next { kRequest, kFinish, kClose };

  // What the response must know of its request.
  struct Exchange {
    std::string id;
    bool head_only = false;
    bool gzip = false;
    bool chunked = false;  // the client understands it
    bool keep_alive = false;
    // For the log.
    std::string method;
    std::string user_agent;
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  };

  Task<Next> serve();
  // False: the client has gone or its time is over. Else the parser is done or has refused the request.
  Task<bool> read_request(RequestParser& parser);
  // Waits for more input. False as read_request().
  Task<bool> fill();
  // Reads into the input buffer; how many bytes came. 0: the client has gone.
  Task<std::size_t> read_more();
  Task<Response> handle(Request request);
  static void log(const Exchange& exchange, const std::string& target, int status);

  Task<Next> refuse(RequestParser::State state);
  Task<Next> respond(const Exchange& exchange, Response response);
  // Hands the connection over. It ends afterwards.
  Task<Next> hand_over(const Exchange& exchange, Response response);
  Task<bool> send_stream(BodyStream& body, bool chunked);
  // Nothing when the body threw: the client must not take what it has for all of it.
  Task<std::optional<std::vector<Slice>>> next_pieces(BodyStream& body);
  Task<bool> send_pieces(const std::vector<Slice>& pieces, bool chunked);
  // Reads on while a body is streamed; cancels it when the client goes.
  Task<void> watch_client();

  // Copies into the staging buffer and sends that whenever it is full. False: the connection is broken.
  Task<bool> stage(std::string_view bytes);
  Task<bool> stage_all(const std::vector<Slice>& pieces);
  Task<bool> flush();

  // Closes the stream when the time comes, unless a later call moves it.
  void set_deadline(std::chrono::milliseconds time_left);
  void clear_deadline();
  void arm_timer();

  const asio::any_io_executor executor_;
  const std::unique_ptr<ByteStream> stream_;
  Handler& handler_;
  const Clock& clock_;
  const HttpLimits& limits_;

  InputBuffer input_;
  std::string staged_;
  std::size_t sent_in_turn_ = 0;

  bool answering_ = false;  // a complete request is being handled or its response sent
  bool stopping_ = false;
  BodyStream* streaming_ = nullptr;  // the body that is being sent
  Upgrade* upgraded_ = nullptr;      // who has the connection
  bool watching_client_ = false;
  bool client_gone_ = false;
  Signal client_watched_;

  Deadline deadline_ = Deadline::max();
  // When the timer goes off; it is only moved forward, so that a busy connection does not set a timer per request.
  Deadline timer_expiry_ = Deadline::max();
  asio::steady_timer timer_;
};

}  // namespace skiff::server

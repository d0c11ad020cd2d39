#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace skiff::server {

// For asynchronous operations that a coroutine waits for: their errors come as values, not as exceptions.
inline constexpr auto kAwaitable = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace skiff::server

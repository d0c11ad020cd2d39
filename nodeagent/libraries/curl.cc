// libcurl's functions, as far as we use them, each a call into the library that is loaded when the first of them comes
// (lazy_library.h says why). What another function of libcurl needs is a line here, or the linker says so.
#include "nodeagent/libraries/lazy_library.h"

#include <curl/curl.h>

#include <cstdarg>

// libcurl checks the arguments of these with macros, where they are called.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

namespace {

constexpr skiff::nodeagent::LazyLibrary kCurl("libcurl.so.4");

// Where all arguments are pointers or of a pointer's size, as on all 64-bit systems.
static_assert(sizeof(long) == sizeof(void*) && sizeof(curl_off_t) == sizeof(void*));

}  // namespace

// Looked up once.
#define REAL(name)                                                     \
  ([] {                                                                \
    static const auto function = kCurl.find<decltype(&(name))>(#name); \
    return function;                                                   \
  }())
#define PASS_ON(name, handle, option)              \
  std::va_list arguments;                          \
  va_start(arguments, option);                     \
  void* const argument = va_arg(arguments, void*); \
  va_end(arguments);                               \
  return REAL(name)(handle, option, argument)

extern "C" {

CURLcode curl_global_init(long flags) { return REAL(curl_global_init)(flags); }
void curl_free(void* memory) { REAL(curl_free)(memory); }

CURL* curl_easy_init() { return REAL(curl_easy_init)(); }
void curl_easy_cleanup(CURL* handle) { REAL(curl_easy_cleanup)(handle); }
void curl_easy_reset(CURL* handle) { REAL(curl_easy_reset)(handle); }
CURLcode curl_easy_perform(CURL* handle) { return REAL(curl_easy_perform)(handle); }
CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) { PASS_ON(curl_easy_setopt, handle, option); }
CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) { PASS_ON(curl_easy_getinfo, handle, info); }
const char* curl_easy_strerror(CURLcode code) { return REAL(curl_easy_strerror)(code); }
char* curl_easy_escape(CURL* handle, const char* text, int length) {
  return REAL(curl_easy_escape)(handle, text, length);
}

CURLM* curl_multi_init() { return REAL(curl_multi_init)(); }
CURLMcode curl_multi_cleanup(CURLM* multi) { return REAL(curl_multi_cleanup)(multi); }
CURLMcode curl_multi_setopt(CURLM* multi, CURLMoption option, ...) { PASS_ON(curl_multi_setopt, multi, option); }
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* handle) { return REAL(curl_multi_add_handle)(multi, handle); }
CURLMcode curl_multi_remove_handle(CURLM* multi, CURL* handle) { return REAL(curl_multi_remove_handle)(multi, handle); }
CURLMsg* curl_multi_info_read(CURLM* multi, int* left) { return REAL(curl_multi_info_read)(multi, left); }
CURLMcode curl_multi_socket_action(CURLM* multi, curl_socket_t socket, int events, int* running) {
  return REAL(curl_multi_socket_action)(multi, socket, events, running);
}

curl_slist* curl_slist_append(curl_slist* list, const char* text) { return REAL(curl_slist_append)(list, text); }
void curl_slist_free_all(curl_slist* list) { REAL(curl_slist_free_all)(list); }

CURLU* curl_url() { return REAL(curl_url)(); }
void curl_url_cleanup(CURLU* url) { REAL(curl_url_cleanup)(url); }
CURLUcode curl_url_get(CURLU* url, CURLUPart what, char** part, unsigned int flags) {
  return REAL(curl_url_get)(url, what, part, flags);
}
CURLUcode curl_url_set(CURLU* url, CURLUPart what, const char* part, unsigned int flags) {
  return REAL(curl_url_set)(url, what, part, flags);
}

}  // extern "C"

#undef REAL
#undef PASS_ON

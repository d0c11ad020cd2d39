// libarchive's functions, as far as we use them, each a call into the library that is loaded when the first of them
// comes (lazy_library.h says why). What another function of libarchive needs is a line here, or the linker says so.
#include "nodeagent/libraries/lazy_library.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstdarg>
#include <cstdio>

namespace {

constexpr skiff::nodeagent::LazyLibrary kArchive("libarchive.so.13");

}  // namespace

// Looked up once.
#define REAL(name)                                                        \
  ([] {                                                                   \
    static const auto function = kArchive.find<decltype(&(name))>(#name); \
    return function;                                                      \
  }())

extern "C" {

int archive_errno(archive* self) { return REAL(archive_errno)(self); }
const char* archive_error_string(archive* self) { return REAL(archive_error_string)(self); }
void archive_set_error(archive* self, int error, const char* format, ...) {
  char text[1024];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  REAL(archive_set_error)(self, error, "%s", text);
}

archive* archive_read_new() { return REAL(archive_read_new)(); }
int archive_read_free(archive* self) { return REAL(archive_read_free)(self); }
int archive_read_support_filter_all(archive* self) { return REAL(archive_read_support_filter_all)(self); }
int archive_read_support_format_empty(archive* self) { return REAL(archive_read_support_format_empty)(self); }
int archive_read_support_format_raw(archive* self) { return REAL(archive_read_support_format_raw)(self); }
int archive_read_support_format_tar(archive* self) { return REAL(archive_read_support_format_tar)(self); }
int archive_read_open(archive* self, void* data, archive_open_callback* open, archive_read_callback* read,
                      archive_close_callback* close) {
  return REAL(archive_read_open)(self, data, open, read, close);
}
int archive_read_open_filename(archive* self, const char* path, size_t block_size) {
  return REAL(archive_read_open_filename)(self, path, block_size);
}
int archive_read_next_header(archive* self, archive_entry** entry) {
  return REAL(archive_read_next_header)(self, entry);
}
la_ssize_t archive_read_data(archive* self, void* buffer, size_t size) {
  return REAL(archive_read_data)(self, buffer, size);
}
int archive_read_data_block(archive* self, const void** block, size_t* size, la_int64_t* offset) {
  return REAL(archive_read_data_block)(self, block, size, offset);
}

archive* archive_write_disk_new() { return REAL(archive_write_disk_new)(); }
int archive_write_disk_set_options(archive* self, int flags) {
  return REAL(archive_write_disk_set_options)(self, flags);
}
int archive_write_header(archive* self, archive_entry* entry) { return REAL(archive_write_header)(self, entry); }
la_ssize_t archive_write_data_block(archive* self, const void* block, size_t size, la_int64_t offset) {
  return REAL(archive_write_data_block)(self, block, size, offset);
}
int archive_write_finish_entry(archive* self) { return REAL(archive_write_finish_entry)(self); }
int archive_write_close(archive* self) { return REAL(archive_write_close)(self); }
int archive_write_free(archive* self) { return REAL(archive_write_free)(self); }

const char* archive_entry_pathname(archive_entry* entry) { return REAL(archive_entry_pathname)(entry); }
const char* archive_entry_hardlink(archive_entry* entry) { return REAL(archive_entry_hardlink)(entry); }
__LA_MODE_T archive_entry_filetype(archive_entry* entry) { return REAL(archive_entry_filetype)(entry); }
la_int64_t archive_entry_size(archive_entry* entry) { return REAL(archive_entry_size)(entry); }
void archive_entry_set_pathname(archive_entry* entry, const char* path) {
  REAL(archive_entry_set_pathname)(entry, path);
}
void archive_entry_set_hardlink(archive_entry* entry, const char* target) {
  REAL(archive_entry_set_hardlink)(entry, target);
}
void archive_entry_set_filetype(archive_entry* entry, unsigned int type) {
  REAL(archive_entry_set_filetype)(entry, type);
}
void archive_entry_set_rdev(archive_entry* entry, dev_t device) { REAL(archive_entry_set_rdev)(entry, device); }
void archive_entry_set_size(archive_entry* entry, la_int64_t size) { REAL(archive_entry_set_size)(entry, size); }

}  // extern "C"

#undef REAL

// The container's log in the CRI's format (Kubernetes: "kubelet and CRI: container logs", and
// pkg/kubelet/kuberuntime/logs):
//
//   2026-11-22T10:37:17.519158583Z stdout F a line
//   2026-11-22T10:37:17.519158583Z stdout P what came without the end of its line; it goes on in this stream's next
//   entry
//
// A piece of output is logged when it comes, complete or not, so that nothing waits in a shim that is killed.
#include "shim.h"
#include "shim_calls.h"
#include "shim_text.h"

enum { kLinesAtOnce = 32, kHeadBytes = 64 };

static int log_file = -1;

int open_log(const char* path) {
  const int fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND, 0640);
  if (fd < 0) return fd;
  if (log_file >= 0) sys_close(log_file);
  log_file = fd;
  return 0;
}

// The day of the month and so on of a day since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
// algorithms"): years begin with March here, so that the day that comes and goes is a year's last.
static char* append_date(char* end, unsigned long days) {
  const unsigned long since_year_0 = days + 719468;  // 0000-03-01
  const unsigned long era = since_year_0 / 146097;   // of 400 years
  const unsigned long day_of_era = since_year_0 % 146097;
  const unsigned long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned long month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned long month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  end = append_number(end, era * 400 + year_of_era + (month <= 2), 4);
  *end++ = '-';
  end = append_number(end, month, 2);
  *end++ = '-';
  return append_number(end, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

static char* append_now(char* end) {
  struct timespec now = {0, 0};
  system_call(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0);
  const unsigned long seconds = (unsigned long)now.tv_sec;
  end = append_date(end, seconds / 86400);
  *end++ = 'T';
  end = append_number(end, seconds / 3600 % 24, 2);
  *end++ = ':';
  end = append_number(end, seconds / 60 % 60, 2);
  *end++ = ':';
  end = append_number(end, seconds % 60, 2);
  *end++ = '.';
  end = append_number(end, (unsigned long)now.tv_nsec, 9);
  *end++ = 'Z';
  return end;
}

// All or nothing: half a line would be taken for a part of the next one. The file is ours alone.
static void write_lines(const struct iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  const long written = sys_writev(log_file, parts, count);
  if (written <= 0 || (size_t)written == size) return;
  const long end = system_call(SYS_lseek, log_file, 0, SEEK_CUR, 0, 0);
  system_call(SYS_ftruncate, log_file, end - written, 0, 0, 0);
}

void write_log(const char* stream, const char* text, size_t size) {
  char head[kHeadBytes];
  char* end = append_now(head);
  *end++ = ' ';
  end = append_text(end, stream);
  *end++ = ' ';
  char* tag = end;
  *end++ = 'F';
  *end++ = ' ';
  const size_t head_size = (size_t)(end - head);

  struct iovec parts[2 * kLinesAtOnce + 3];
  int count = 0;
  size_t begin = 0;
  for (size_t i = 0; i < size; ++i) {
    if (text[i] != '\n') continue;
    parts[count++] = (struct iovec){head, head_size};
    parts[count++] = (struct iovec){(char*)text + begin, i + 1 - begin};
    begin = i + 1;
    if (count < 2 * kLinesAtOnce) continue;
    write_lines(parts, count);
    count = 0;
  }
  if (count > 0) write_lines(parts, count);
  if (begin == size) return;
  *tag = 'P';
  parts[0] = (struct iovec){head, head_size};
  parts[1] = (struct iovec){(char*)text + begin, size - begin};
  parts[2] = (struct iovec){"\n", 1};
  write_lines(parts, 3);
}

// Text and memory for the shim, which has no C library.
#pragma once

#include <stdbool.h>
#include <stddef.h>

static inline size_t text_length(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

static inline bool same_text(const char* left, const char* right) {
  while (*left != '\0' && *left == *right) ++left, ++right;
  return *left == *right;
}

// Both append to what ends at `end`, and return the new end. There is room, which is the caller's to know.
static inline char* append_text(char* end, const char* text) {
  while (*text != '\0') *end++ = *text++;
  return end;
}

// At least `digits` digits, with zeros in front.
static inline char* append_number(char* end, unsigned long number, int digits) {
  char reversed[20];
  int length = 0;
  do {
    reversed[length++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0 || length < digits);
  while (length > 0) *end++ = reversed[--length];
  return end;
}

// The number that begins at `*text`, which is moved behind it; blanks in front are skipped. 0 when there is none. One
// that is too large for an int becomes some other.
static inline int take_number(const char** text) {
  unsigned number = 0;
  while (**text == ' ') ++*text;
  for (; **text >= '0' && **text <= '9'; ++*text) number = number * 10 + (unsigned)(**text - '0');
  return (int)number;
}

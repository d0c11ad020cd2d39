// What compilers call for structures, in freestanding programs too. The bytes are volatile, lest the compiler recognize
// the loops and make them calls of themselves.
#include <stddef.h>

void* memset(void* to, int byte, size_t size) {
  volatile unsigned char* bytes = to;
  for (size_t i = 0; i < size; ++i) bytes[i] = (unsigned char)byte;
  return to;
}

void* memcpy(void* to, const void* from, size_t size) {
  volatile unsigned char* bytes = to;
  for (size_t i = 0; i < size; ++i) bytes[i] = ((const unsigned char*)from)[i];
  return to;
}

#include "codecs/tiff/tiff_support.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace zimage::codecs {
namespace {

thread_local char first_message[200];

void on_error(const char*, const char* format, va_list arguments) {
  if (first_message[0] == '\0') std::vsnprintf(first_message, sizeof first_message, format, arguments);
}

}  // namespace

void collect_tiff_errors() {
  static std::once_flag once;
  std::call_once(once, [] {
    TIFFSetErrorHandler(on_error);
    TIFFSetWarningHandler(nullptr);
  });
  first_message[0] = '\0';
}

const char* tiff_error() { return first_message; }

}  // namespace zimage::codecs

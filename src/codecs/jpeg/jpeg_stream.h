// libjpeg's source and destination where a file is read while it is being written.
#pragma once

#include "codecs/jpeg/byte_stream.h"
#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

struct StreamDestination {
  jpeg_destination_mgr manager{};  // first: libjpeg hands back a pointer to it
  ByteStream* stream = nullptr;
  std::size_t room = 0;
};

/// After jpeg_create_compress(): the file goes into `stream`. `destination` must outlive the encoder's work.
void write_to(jpeg_compress_struct& info, StreamDestination& destination, ByteStream& stream);

struct StreamSource {
  jpeg_source_mgr manager{};  // first: libjpeg hands back a pointer to it
  ByteStream* stream = nullptr;
};

/// As read_header(), of a file that is still being written: waits for its bytes. `source` must outlive the decoder's
/// work.
bool read_header(JpegDecoder& decoder, StreamSource& source, ByteStream& stream);

}  // namespace zimage::codecs

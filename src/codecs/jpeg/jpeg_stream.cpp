#include "codecs/jpeg/jpeg_stream.h"

// after jpeglib.h
#include <jerror.h>

namespace zimage::codecs {
namespace {

void take_room(j_compress_ptr info) {
  auto* destination = reinterpret_cast<StreamDestination*>(info->dest);
  const std::span<std::uint8_t> room = destination->stream->room();
  if (room.empty()) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  destination->room = room.size();
  destination->manager.next_output_byte = room.data();
  destination->manager.free_in_buffer = room.size();
}

boolean flush(j_compress_ptr info) {
  // libjpeg calls it where all of the room is used, whatever the counters say.
  auto* destination = reinterpret_cast<StreamDestination*>(info->dest);
  destination->stream->commit(destination->room);
  take_room(info);
  return TRUE;
}

void end(j_compress_ptr info) {
  auto* destination = reinterpret_cast<StreamDestination*>(info->dest);
  destination->stream->commit(destination->room - destination->manager.free_in_buffer);
}

void nothing(j_decompress_ptr) {}

boolean fill(j_decompress_ptr info) {
  auto* source = reinterpret_cast<StreamSource*>(info->src);
  const std::span<const std::uint8_t> bytes = source->stream->next();
  if (bytes.empty()) ERREXIT(info, JERR_INPUT_EOF);
  source->manager.next_input_byte = bytes.data();
  source->manager.bytes_in_buffer = bytes.size();
  return TRUE;
}

void skip(j_decompress_ptr info, long count) {
  auto* source = reinterpret_cast<StreamSource*>(info->src);
  auto left = static_cast<std::size_t>(count > 0 ? count : 0);
  while (left > source->manager.bytes_in_buffer) {
    left -= source->manager.bytes_in_buffer;
    fill(info);
  }
  source->manager.next_input_byte += left;
  source->manager.bytes_in_buffer -= left;
}

}  // namespace

void write_to(jpeg_compress_struct& info, StreamDestination& destination, ByteStream& stream) {
  destination.stream = &stream;
  destination.manager.init_destination = take_room;
  destination.manager.empty_output_buffer = flush;
  destination.manager.term_destination = end;
  info.dest = &destination.manager;
}

bool read_header(JpegDecoder& decoder, StreamSource& source, ByteStream& stream) {
  source.stream = &stream;
  source.manager.init_source = nothing;
  source.manager.fill_input_buffer = fill;
  source.manager.skip_input_data = skip;
  source.manager.resync_to_restart = jpeg_resync_to_restart;
  source.manager.term_source = nothing;
  return read_header(decoder, source.manager);
}

}  // namespace zimage::codecs

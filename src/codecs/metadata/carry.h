// Brings a picture's metadata into the form that the result's format has for it.
#pragma once

#include <string>
#include <vector>

#include "codecs/image_file.h"

namespace zimage::codecs {

/// Changes metadata that was read from a file of one format for a file of another one. What the other has no place of
/// its own for goes to XMP, if that is the usual way: IPTC, PNG's standard keywords, comments. The resolution in EXIF
/// becomes the file's. Returns the names of what has no place at all, also of what the XMP gives another value for;
/// those of profiles are not among them.
std::vector<std::string> carry_metadata(ImageMetadata& metadata, ImageFormat from, ImageFormat to);

/// Takes out and names what lies at places in the picture (paths, a place on Earth), for one that was turned or grown.
void drop_places(ImageMetadata& metadata);

/// Makes the metadata that of a picture in sRGB: without a profile and chunks of colours, and EXIF says sRGB.
void make_srgb(ImageMetadata& metadata);

}  // namespace zimage::codecs

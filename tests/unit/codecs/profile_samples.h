// Makes ICC profiles with lcms2.
#pragma once

#include "support/files.h"

namespace zimage::test {

Bytes srgb_icc();
/// Returns sRGB's primaries with another curve.
Bytes gamma_icc(double gamma);
/// Returns Display P3's primaries with sRGB's curve.
Bytes wide_icc();
/// Returns a grey profile; gamma 0 means sRGB's curve.
Bytes grey_icc(double gamma);
Bytes lab_icc();

}  // namespace zimage::test

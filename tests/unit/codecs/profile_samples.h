// ICC profiles made by lcms2.
#pragma once

#include "support/files.h"

namespace zimage::test {

Bytes srgb_icc();
/// sRGB's primaries with another curve.
Bytes gamma_icc(double gamma);
/// Display P3's primaries with sRGB's curve.
Bytes wide_icc();
/// Grey; gamma 0: sRGB's curve.
Bytes grey_icc(double gamma);
Bytes lab_icc();

}  // namespace zimage::test

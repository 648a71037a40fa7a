// How a result's file differs from the picture that it came from.
#pragma once

#include "app/encode_result.h"
#include "app/plan.h"
#include "conditioning/difference.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// Starts to read the coefficients of the picture's JPEG, which its result will take, into `plan.source`, while the
/// model works. A file that has to be turned upright may decode otherwise everywhere: how it does far from the mask is
/// found on the way. The plan stays as it is until the results are written.
void read_jpeg_ahead(Plan& plan);

/// How the file, once decoded, differs from the picture; nothing where the result has another size. After
/// encode_result(). Safe on any thread.
Difference compare_result(const Plan& plan, const Result& result, const EncodedResult& encoded);

}  // namespace zimage::app

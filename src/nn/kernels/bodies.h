// The bodies of the portable kernels. A body is
//
//     template <class T, class Group>
//     ZIMAGE_KERNEL void name(Group g, const Args& a, i64 row);
//
// One group of lanes works on one row of elements T. A body may use of its group only
//
//     g.lanes()       how many lanes it has;
//     g.each(n, f)    f(i) for i in [0, n): lane l takes l, l + lanes, l + 2 · lanes, …;
//     g.sum(n, f)     the sum of f(i): each lane adds its own f(i), in ascending order, in fp32; then for offset =
//                     lanes/2, …, 1 every lane adds what lane ^ offset has. Every lane gets the sum;
//     g.largest(n, f) the largest of f(i), which are u32, or 0 if n is 0. Every lane gets it;
//
// and outside the functions that it passes to these it must not write. Lanes share nothing else: an element that one
// function wrote is read only by a function that runs on the same lane, which is the one that has the same i. So the
// executors differ in nothing, and the CPU's, which is tested with all numbers of lanes, speaks for CUDA's.
#pragma once

#include "nn/kernels/element.h"
#include "nn/kernels/elementwise_bodies.h"
#include "nn/kernels/group_norm_bodies.h"
#include "nn/kernels/norm_bodies.h"
#include "nn/kernels/quantise_bodies.h"
#include "nn/kernels/rope_body.h"
#include "nn/kernels/unpack_gguf_bodies.h"
#include "nn/kernels/unpack_k_bodies.h"
#include "nn/kernels/unpack_scaled_bodies.h"

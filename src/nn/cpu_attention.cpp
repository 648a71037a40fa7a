#include "nn/cpu_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "nn/cpu_clones.h"
#include "nn/cpu_element.h"

// The products are oneDNN's micro-kernels (brgemm), which libtorch exports. They read their second operand in pairs of
// rows (VNNI), so each head's keys and values are copied once into that order. Blocks of queries then go through blocks
// of keys with a running softmax (Milakov and Gimelshein, arXiv 1805.02867), as flash attention does.
namespace zimage::nn::cpu {
namespace {

using c10::BFloat16;

/// Keys and values are copied as a whole. A VAE's single head is wider, and has as many tokens as the latent has cells.
constexpr std::int64_t kWidestHead = 256;
constexpr std::int64_t kQueries = 64;      ///< rows of a block of scores
constexpr std::int64_t kMostKeys = 416;    ///< columns of one at most: with the operands it stays in the L2 cache
constexpr std::int64_t kKeyMultiple = 32;  ///< bounds how many different kernels are generated

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// One tensor [B, L, H, d] whose heads are contiguous.
struct Heads {
  const BFloat16* data;
  std::int64_t batch_stride, token_stride, head_stride;
  explicit Heads(const at::Tensor& t)
      : data(t.const_data_ptr<BFloat16>()),
        batch_stride(t.stride(0)),
        token_stride(t.stride(1)),
        head_stride(t.stride(2)) {}
  const BFloat16* row(std::int64_t batch, std::int64_t head, std::int64_t token) const {
    return data + batch * batch_stride + head * head_stride + token * token_stride;
  }
};

/// How the keys are cut: equal blocks, of which the last may have fewer.
struct Blocks {
  std::int64_t keys, count, size;
  explicit Blocks(std::int64_t key_count)
      : keys(key_count),
        count(divide_up(key_count, kMostKeys)),
        size(divide_up(divide_up(key_count, count), kKeyMultiple) * kKeyMultiple) {
    count = divide_up(keys, size);
  }
  std::int64_t valid(std::int64_t block) const { return std::min(size, keys - block * size); }
  std::int64_t padded(std::int64_t block) const { return divide_up(valid(block), kKeyMultiple) * kKeyMultiple; }
  std::int64_t total() const { return (count - 1) * size + padded(count - 1); }
};

/// Writes keys [valid, dim] as [dim/2][padded] pairs of neighbouring elements.
ZIMAGE_CLONES void pack_keys(std::uint32_t* out, const BFloat16* keys, std::int64_t stride, std::int64_t valid,
                             std::int64_t padded, std::int64_t dim) {
  constexpr std::int64_t kTile = 16;
  for (std::int64_t key = 0; key < padded; key += kTile) {
    for (std::int64_t pair = 0; pair < dim / 2; ++pair) {
      for (std::int64_t i = 0; i < kTile; ++i) {
        std::uint32_t value = 0;
        if (key + i < valid) std::memcpy(&value, keys + (key + i) * stride + 2 * pair, sizeof value);
        out[pair * padded + key + i] = value;
      }
    }
  }
}

/// Writes values [valid, dim] as [padded/2][dim] pairs of elements of neighbouring rows.
ZIMAGE_CLONES void pack_values(std::uint32_t* out, const BFloat16* values, std::int64_t stride, std::int64_t valid,
                               std::int64_t padded, std::int64_t dim) {
  for (std::int64_t key = 0; key < padded; key += 2) {
    std::uint32_t* row = out + key / 2 * dim;
    const BFloat16* a = values + key * stride;
    const BFloat16* b = a + stride;
    if (key + 1 < valid) {
#pragma omp simd
      for (std::int64_t i = 0; i < dim; ++i) row[i] = a[i].x | static_cast<std::uint32_t>(b[i].x) << 16;
    } else {
      for (std::int64_t i = 0; i < dim; ++i) row[i] = key < valid ? a[i].x : 0U;
    }
  }
}

ZIMAGE_CLONES float row_max(const float* scores, std::int64_t count) {
  float most = scores[0];
#pragma omp simd reduction(max : most)
  for (std::int64_t i = 0; i < count; ++i) most = most < scores[i] ? scores[i] : most;
  return most;
}

/// Writes 2^(scores · scale − shift) as bf16 and returns the sum of what was rounded.
ZIMAGE_CLONES float exp_row(BFloat16* out, const float* scores, float scale, float shift, std::int64_t count) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = exp2_of(scores[i] * scale - shift);
    sum += value;
    store(out[i], value);
  }
  return sum;
}

ZIMAGE_CLONES void multiply_row(float* row, float factor, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) row[i] *= factor;
}

ZIMAGE_CLONES void store_row(BFloat16* out, const float* row, float factor, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) store(out[i], row[i] * factor);
}

/// A thread's memory for one block of queries.
struct Scratch {
  std::vector<BFloat16> queries, weights;
  std::vector<float> scores, sums, shifts, output;
  Scratch(std::int64_t keys, std::int64_t dim)
      : queries(static_cast<std::size_t>(kQueries * dim)),
        weights(static_cast<std::size_t>(kQueries * keys)),
        scores(static_cast<std::size_t>(kQueries * keys)),
        sums(kQueries),
        shifts(kQueries),
        output(static_cast<std::size_t>(kQueries * dim)) {}
};

/// Turns a block of scores into bf16 weights, and what was summed so far into the same scale.
void soften(Scratch& s, std::int64_t rows, std::int64_t valid, std::int64_t padded, std::int64_t dim, float scale,
            bool first) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    const float* scores = s.scores.data() + row * padded;
    BFloat16* weights = s.weights.data() + row * padded;
    const float most = row_max(scores, valid) * scale;
    const float shift = first ? most : std::max(most, s.shifts[r]);
    const float sum = exp_row(weights, scores, scale, shift, valid);
    std::fill(weights + valid, weights + padded, BFloat16(0.0F));
    const float kept = first ? 0.0F : std::exp2(s.shifts[r] - shift);
    if (!first && kept != 1.0F) multiply_row(s.output.data() + row * dim, kept, dim);
    s.sums[r] = first ? sum : s.sums[r] * kept + sum;
    s.shifts[r] = shift;
  }
}

void attend(BFloat16* out, std::int64_t out_stride, const BFloat16* queries, std::int64_t query_stride,
            std::int64_t rows, const BFloat16* keys, const BFloat16* values, const Blocks& blocks, std::int64_t dim,
            Scratch& s) {
  const float scale = 1.44269504F / std::sqrt(static_cast<float>(dim));
  for (std::int64_t row = 0; row < rows; ++row) {
    std::copy_n(queries + row * query_stride, dim, s.queries.data() + row * dim);
  }
  for (std::int64_t block = 0; block < blocks.count; ++block) {
    const std::int64_t padded = blocks.padded(block);
    const std::int64_t offset = block * blocks.size * dim;
    at::native::cpublas::brgemm(rows, padded, dim, dim, padded, padded, false, s.queries.data(), keys + offset,
                                s.scores.data());
    soften(s, rows, blocks.valid(block), padded, dim, scale, block == 0);
    at::native::cpublas::brgemm(rows, dim, padded, padded, dim, dim, block != 0, s.weights.data(), values + offset,
                                s.output.data());
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    store_row(out + row * out_stride, s.output.data() + row * dim, 1.0F / s.sums[static_cast<std::size_t>(row)], dim);
  }
}

bool processor_fits() {
#if defined(CPUBLAS_BRGEMM_BF16BF16F32) && defined(__x86_64__) && defined(__GNUC__)
  static const bool fits =
      at::hasMKLDNN() && __builtin_cpu_supports("avx512bf16") != 0 && !at::native::cpublas::could_pack(at::kBFloat16);
  return fits && at::globalContext().userEnabledMkldnn();
#else
  return false;
#endif
}

}  // namespace

bool attention_fits(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto fits = [](const at::Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kBFloat16 && t.stride(3) == 1 && t.size(1) > 0;
  };
  return processor_fits() && q.size(3) % 2 == 0 && q.size(3) <= kWidestHead && fits(q) && fits(k) && fits(v);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const std::int64_t batch = q.size(0), tokens = q.size(1), heads = q.size(2), dim = q.size(3);
  const Blocks blocks(k.size(1));
  const std::int64_t head_size = blocks.total() * dim;
  const at::Tensor packed_keys = at::empty({batch * heads, head_size}, q.options());
  const at::Tensor packed_values = at::empty_like(packed_keys);
  auto* keys = packed_keys.mutable_data_ptr<BFloat16>();
  auto* values = packed_values.mutable_data_ptr<BFloat16>();
  const Heads all_q(q), all_k(k), all_v(v);
  at::parallel_for(0, batch * heads * blocks.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / blocks.count, block = i % blocks.count, first = block * blocks.size;
      const std::int64_t offset = head * head_size + first * dim;
      pack_keys(reinterpret_cast<std::uint32_t*>(keys + offset), all_k.row(head / heads, head % heads, first),
                all_k.token_stride, blocks.valid(block), blocks.padded(block), dim);
      pack_values(reinterpret_cast<std::uint32_t*>(values + offset), all_v.row(head / heads, head % heads, first),
                  all_v.token_stride, blocks.valid(block), blocks.padded(block), dim);
    }
  });
  at::Tensor out = at::empty({batch, tokens, heads * dim}, q.options());
  auto* output = out.mutable_data_ptr<BFloat16>();
  const std::int64_t parts = divide_up(tokens, kQueries);
  at::parallel_for(0, batch * heads * parts, 1, [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch(blocks.size, dim);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / parts, token = i % parts * kQueries;
      attend(output + (head / heads * tokens + token) * heads * dim + head % heads * dim, heads * dim,
             all_q.row(head / heads, head % heads, token), all_q.token_stride, std::min(kQueries, tokens - token),
             keys + head * head_size, values + head * head_size, blocks, dim, scratch);
    }
    at::native::cpublas::brgemm_release();
  });
  return out;
}

}  // namespace zimage::nn::cpu

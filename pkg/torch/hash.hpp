// The hash that dropout's masks are: any thread, and the backward pass, can
// compute any part of a mask, and it is stored nowhere.
#ifndef GOTUNE_HASH_HPP
#define GOTUNE_HASH_HPP

#include "bfloat16.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <mutex>

namespace {

// A mask's key: two 32-bit words drawn from the default generator, so that the
// generator's state decides all masks to come.
struct Key {
  uint32_t a, b;
};

inline Key draw() {
  auto gen = at::globalContext().defaultGenerator(at::kCPU);
  auto* cpu = at::check_generator<at::CPUGeneratorImpl>(gen);
  std::lock_guard<std::mutex> lock(gen.mutex());
  return {cpu->random(), cpu->random()};
}

// MurmurHash3's finaliser, twice, with a key word before each: every bit of the
// index reaches every bit of the result.
inline uint32_t mix(uint32_t h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h;
}

inline uint32_t hash(uint32_t i, Key k) { return mix(mix(i ^ k.a) + k.b); }

// Elements whose hash is below the threshold are dropped.
inline uint32_t threshold(double p) { return static_cast<uint32_t>(std::min(p * 4294967296.0, 4294967295.0)); }

// Indices above 2^32 get another key: one key masks 2^32 elements.
inline Key of_page(Key k, uint64_t i) {
  uint32_t page = static_cast<uint32_t>(i >> 32);
  return page ? Key{mix(k.a + page), mix(k.b ^ page)} : k;
}

inline Key saved_key(torch::autograd::AutogradContext* ctx) {
  auto v = static_cast<uint64_t>(ctx->saved_data["key"].toInt());
  return {static_cast<uint32_t>(v), static_cast<uint32_t>(v >> 32)};
}

inline void save_key(torch::autograd::AutogradContext* ctx, Key k) {
  ctx->saved_data["key"] = static_cast<int64_t>(k.a | static_cast<uint64_t>(k.b) << 32);
}

// Whether our kernels take x.
inline bool ours(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace

#endif

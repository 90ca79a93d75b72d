/* cuda_fp16.h: in place of NVIDIA's header, when the kernels are built for the emulation: __half as two bytes.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <cstdint>
#include <cstring>

struct __half
{
  uint16_t bits;
};

/* Exact. */
static inline float
__half2float (__half x)
{
  uint32_t sign = (uint32_t) (x.bits & 0x8000) << 16;
  uint32_t rest = (uint32_t) (x.bits & 0x7fff) << 13;
  float value;

  /* The exponent's bias is 15 here and 127 there; a product puts it right, for subnormal numbers too. */
  std::memcpy (&value, &rest, sizeof value);
  value *= 0x1p112f;
  std::memcpy (&rest, &value, sizeof rest);
  if ((x.bits & 0x7c00) == 0x7c00)
    rest |= 0x7f800000;
  rest |= sign;
  std::memcpy (&value, &rest, sizeof value);
  return value;
}

/* To nearest, ties to even. */
static inline __half
__float2half_rn (float x)
{
  uint32_t bits;
  uint32_t magnitude;
  uint32_t sign;

  std::memcpy (&bits, &x, sizeof bits);
  sign = bits >> 16 & 0x8000;
  magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return { (uint16_t) (sign | 0x7e00) };
  if (magnitude >= 0x477ff000) /* 65520 and more */
    return { (uint16_t) (sign | 0x7c00) };
  if (magnitude < 0x38800000) /* below 2⁻¹⁴: adding ½ leaves a multiple of 2⁻²⁴, rounded, in the low bits */
    {
      float shifted;

      std::memcpy (&shifted, &magnitude, sizeof shifted);
      shifted += 0.5f;
      std::memcpy (&magnitude, &shifted, sizeof magnitude);
      return { (uint16_t) (sign | (magnitude - 0x3f000000)) };
    }
  magnitude += 0xc8000fffu + (magnitude >> 13 & 1);
  return { (uint16_t) (sign | magnitude >> 13) };
}

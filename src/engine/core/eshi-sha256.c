/* eshi-sha256.c: SHA-256 after FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2, and with the SHA extensions of x86.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sha256.h"

#include <string.h>

#if defined(__x86_64__)
#define HAVE_SHA 1
#define WITH_SHA __attribute__ ((target ("sha,sse4.1")))
#include <cpuid.h>
#include <immintrin.h>
#endif

#define LENGTH_BYTES 8

/* Takes @n_blocks blocks in. */
typedef void (*Blocks) (guint32       state[8],
                        const guint8 *data,
                        gsize         n_blocks);

static const guint32 constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static guint32
turn (guint32 x,
      guint   n)
{
  return x >> n | x << (32 - n);
}

static void
fill_schedule (guint32       w[64],
               const guint8 *data)
{
  for (guint t = 0; t < 16; t++)
    w[t] = (guint32) data[4 * t] << 24 | (guint32) data[4 * t + 1] << 16 | (guint32) data[4 * t + 2] << 8 | data[4 * t + 3];
  for (guint t = 16; t < 64; t++)
    w[t] = (turn (w[t - 2], 17) ^ turn (w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
           (turn (w[t - 15], 7) ^ turn (w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
}

/* Round @t on the working variables. Instead of moving them all on by one place, a wanders backwards: it is @v[-t mod 8]. */
static inline void
do_round (guint32 v[8],
          guint   t,
          guint32 addend)
{
  guint32 a = v[(0 - t) % 8];
  guint32 b = v[(1 - t) % 8];
  guint32 c = v[(2 - t) % 8];
  guint32 e = v[(4 - t) % 8];
  guint32 f = v[(5 - t) % 8];
  guint32 g = v[(6 - t) % 8];
  guint32 t1 = v[(7 - t) % 8] + (turn (e, 6) ^ turn (e, 11) ^ turn (e, 25)) + ((e & f) ^ (~e & g)) + addend;

  v[(3 - t) % 8] += t1;
  v[(7 - t) % 8] = t1 + (turn (a, 2) ^ turn (a, 13) ^ turn (a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

static void
take_plainly (guint32       state[8],
              const guint8 *data,
              gsize         n_blocks)
{
  for (gsize i = 0; i < n_blocks; i++)
    {
      guint32 w[64];
      guint32 v[8];

      fill_schedule (w, data + i * ESHI_SHA256_BLOCK);
      memcpy (v, state, sizeof v);
#pragma GCC unroll 8
      for (guint t = 0; t < 64; t++)
        do_round (v, t, constants[t] + w[t]);
      for (guint k = 0; k < 8; k++)
        state[k] += v[k];
    }
}

#ifdef HAVE_SHA

static __m128i
load (const void *data)
{
  return _mm_loadu_si128 ((const __m128i *) data);
}

/* Four words of the message, the first one lowest. */
static WITH_SHA __m128i
load_words (const guint8 *data)
{
  return _mm_shuffle_epi8 (load (data), _mm_set_epi64x (0x0c0d0e0f08090a0b, 0x0405060700010203));
}

/* 64 rounds, four at a time; the instructions keep a, b, e, f in one register and c, d, g, h in the other. */
static WITH_SHA void
take_block (__m128i      *abef,
            __m128i      *cdgh,
            const guint8 *data)
{
  __m128i w[4] = { load_words (data), load_words (data + 16), load_words (data + 32), load_words (data + 48) };
  __m128i a = *abef;
  __m128i c = *cdgh;

#pragma GCC unroll 16
  for (guint i = 0; i < 16; i++)
    {
      __m128i sum = _mm_add_epi32 (w[i % 4], load (constants + 4 * i));

      c = _mm_sha256rnds2_epu32 (c, a, sum);
      a = _mm_sha256rnds2_epu32 (a, c, _mm_shuffle_epi32 (sum, 0x0e));
      w[i % 4] = _mm_sha256msg2_epu32 (_mm_add_epi32 (_mm_sha256msg1_epu32 (w[i % 4], w[(i + 1) % 4]),
                                                      _mm_alignr_epi8 (w[(i + 3) % 4], w[(i + 2) % 4], 4)),
                                       w[(i + 3) % 4]);
    }

  *abef = _mm_add_epi32 (*abef, a);
  *cdgh = _mm_add_epi32 (*cdgh, c);
}

static WITH_SHA void
take_with_sha (guint32       state[8],
               const guint8 *data,
               gsize         n_blocks)
{
  __m128i badc = _mm_shuffle_epi32 (load (state), 0xb1);
  __m128i hgfe = _mm_shuffle_epi32 (load (state + 4), 0x1b);
  __m128i abef = _mm_alignr_epi8 (badc, hgfe, 8);
  __m128i cdgh = _mm_blend_epi16 (hgfe, badc, 0xf0);
  __m128i feba = _mm_setzero_si128 ();
  __m128i dchg = _mm_setzero_si128 ();

  for (gsize i = 0; i < n_blocks; i++)
    take_block (&abef, &cdgh, data + i * ESHI_SHA256_BLOCK);

  feba = _mm_shuffle_epi32 (abef, 0x1b);
  dchg = _mm_shuffle_epi32 (cdgh, 0xb1);
  _mm_storeu_si128 ((__m128i *) (void *) state, _mm_blend_epi16 (feba, dchg, 0xf0));
  _mm_storeu_si128 ((__m128i *) (void *) (state + 4), _mm_alignr_epi8 (dchg, feba, 8));
}

static gboolean
has_sha (void)
{
  guint a = 0;
  guint b = 0;
  guint c = 0;
  guint d = 0;

  return __builtin_cpu_supports ("sse4.1") && __get_cpuid_count (7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

/* Asked once: under a hypervisor the question takes longer than a block. */
static Blocks
choose (void)
{
  static gsize answer = 0;

  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, has_sha () ? 2 : 1);
  return answer == 2 ? take_with_sha : take_plainly;
}

#else

static Blocks
choose (void)
{
  return take_plainly;
}

#endif

void
eshi_sha256_init (EshiSha256 *self)
{
  static const guint32 first[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  };

  *self = (EshiSha256) { .n_bytes = 0 };
  memcpy (self->state, first, sizeof first);
}

static void
take (EshiSha256   *self,
      Blocks        blocks,
      const guint8 *data,
      gsize         n)
{
  gsize n_rest = self->n_bytes % ESHI_SHA256_BLOCK;
  gsize n_missing = n_rest == 0 ? 0 : MIN (ESHI_SHA256_BLOCK - n_rest, n);

  self->n_bytes += n;
  if (n_missing > 0)
    {
      memcpy (self->rest + n_rest, data, n_missing);
      if (n_rest + n_missing == ESHI_SHA256_BLOCK)
        blocks (self->state, self->rest, 1);
    }

  data += n_missing;
  n -= n_missing;
  blocks (self->state, data, n / ESHI_SHA256_BLOCK);
  if (n % ESHI_SHA256_BLOCK > 0)
    memcpy (self->rest, data + n / ESHI_SHA256_BLOCK * ESHI_SHA256_BLOCK, n % ESHI_SHA256_BLOCK);
}

void
eshi_sha256_update (EshiSha256   *self,
                    const guint8 *data,
                    gsize         n)
{
  take (self, choose (), data, n);
}

void
_eshi_sha256_update_plainly (EshiSha256   *self,
                             const guint8 *data,
                             gsize         n)
{
  take (self, take_plainly, data, n);
}

char *
eshi_sha256_finish (EshiSha256 *self)
{
  guint8 tail[ESHI_SHA256_BLOCK + LENGTH_BYTES] = { 0x80 };
  guint64 n_bits = self->n_bytes * 8;
  gsize n_zeros = (2 * ESHI_SHA256_BLOCK - 1 - LENGTH_BYTES - self->n_bytes % ESHI_SHA256_BLOCK) % ESHI_SHA256_BLOCK;
  GString *digits = g_string_new (NULL);

  for (guint i = 0; i < LENGTH_BYTES; i++)
    tail[1 + n_zeros + i] = (guint8) (n_bits >> (8 * (LENGTH_BYTES - 1 - i)));
  eshi_sha256_update (self, tail, 1 + n_zeros + LENGTH_BYTES);

  for (guint i = 0; i < 8; i++)
    g_string_append_printf (digits, "%08x", self->state[i]);
  return g_string_free (digits, FALSE);
}

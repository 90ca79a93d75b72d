/* eshi-rng.c: PyTorch's two generators of normal values, repeated bit by bit where the C library allows it.
 *
 * The integers are exact. The normals come from f32 logarithms and sines, whose last bit differs between
 * mathematical libraries; that is the only difference to the reference. Nothing here draws half-precision values:
 * the reference draws those from other uniforms, and callers round f32 values instead.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-rng.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"

#define MT_N 624
#define MT_M 397

#define BLOCK 16 /* elements that the reference's vector path transforms together */

#define STATE_MAGIC 0x47524e45u /* "ENRG" */

/* Words of a saved state, little-endian. */
enum
{
  WORD_MAGIC,
  WORD_KIND,
  WORD_KEY_LO,
  WORD_KEY_HI,
  WORD_CALLS_LO,
  WORD_CALLS_HI,
  WORD_MT_INDEX,
  WORD_HAS_CACHED,
  WORD_CACHED_LO,
  WORD_CACHED_HI,
  WORD_MT,
  N_WORDS = WORD_MT + MT_N,
};

struct _EshiRng
{
  EshiRngKind kind;

  guint32     mt[MT_N];   /* CPU */
  guint       mt_index;   /* next word of @mt to hand out; MT_N when they are used up */
  gboolean    has_cached; /* the scalar path makes two values and keeps the second */
  double      cached;

  guint64     key;        /* PHILOX: the seed */
  guint64     n_calls;    /* PHILOX: draws so far, the low half of the counter */
};

const char *
eshi_rng_kind_get_name (EshiRngKind kind)
{
  switch (kind)
    {
    case ESHI_RNG_CPU:
      return "cpu";
    case ESHI_RNG_PHILOX:
      return "philox";
    default:
      return NULL;
    }
}

gboolean
eshi_rng_kind_from_name (const char  *name,
                         EshiRngKind *kind)
{
  g_return_val_if_fail (kind != NULL, FALSE);

  for (EshiRngKind i = ESHI_RNG_CPU; i <= ESHI_RNG_PHILOX; i++)
    {
      if (g_strcmp0 (name, eshi_rng_kind_get_name (i)) == 0)
        {
          *kind = i;
          return TRUE;
        }
    }
  return FALSE;
}

static void
mt_seed (EshiRng *self,
         guint32  seed)
{
  self->mt[0] = seed;
  for (guint i = 1; i < MT_N; i++)
    self->mt[i] = 1812433253u * (self->mt[i - 1] ^ (self->mt[i - 1] >> 30)) + i;
  self->mt_index = MT_N;
}

static void
mt_twist (EshiRng *self)
{
  for (guint i = 0; i < MT_N; i++)
    {
      guint32 y = (self->mt[i] & 0x80000000u) | (self->mt[(i + 1) % MT_N] & 0x7fffffffu);

      self->mt[i] = self->mt[(i + MT_M) % MT_N] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
    }
  self->mt_index = 0;
}

static guint32
mt_next (EshiRng *self)
{
  guint32 y;

  if (self->mt_index == MT_N)
    mt_twist (self);
  y = self->mt[self->mt_index++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  y ^= y >> 18;
  return y;
}

/* Uniform in [0, 1), 24 bits. */
static float
mt_next_float (EshiRng *self)
{
  return (float) (mt_next (self) & 0xffffffu) * 0x1p-24f;
}

/* Uniform in [0, 1), 53 bits. */
static double
mt_next_double (EshiRng *self)
{
  guint64 high = mt_next (self);
  guint64 low = mt_next (self);

  return (double) (((high << 32) | low) & ((G_GUINT64_CONSTANT (1) << 53) - 1)) * 0x1p-53;
}

/* Turns 16 uniforms into 16 normals in place, element j paired with element j + 8. */
static void
transform_block (float *data)
{
  for (guint j = 0; j < BLOCK / 2; j++)
    {
      float radius = sqrtf (-2.0f * logf (1.0f - data[j]));
      float theta = (float) (2.0 * G_PI) * data[j + BLOCK / 2];

      data[j] = radius * cosf (theta);
      data[j + BLOCK / 2] = radius * sinf (theta);
    }
}

/* @n >= 16. A tail shorter than a block is made by drawing the last 16 elements anew. */
static void
fill_blocks (EshiRng *self,
             float   *dst,
             gsize    n)
{
  for (gsize i = 0; i < n; i++)
    dst[i] = mt_next_float (self);
  for (gsize i = 0; i + BLOCK <= n; i += BLOCK)
    transform_block (dst + i);
  if (n % BLOCK == 0)
    return;

  dst += n - BLOCK;
  for (gsize i = 0; i < BLOCK; i++)
    dst[i] = mt_next_float (self);
  transform_block (dst);
}

/* The second value of a pair outlives the call, and even a fill_blocks() in between. */
static double
next_scalar (EshiRng *self)
{
  double u1;
  double u2;
  double radius;

  if (self->has_cached)
    {
      self->has_cached = FALSE;
      return self->cached;
    }
  u1 = mt_next_double (self);
  u2 = mt_next_double (self);
  radius = sqrt (-2.0 * log1p (-u2));
  self->cached = radius * sin (2.0 * G_PI * u1);
  self->has_cached = TRUE;
  return radius * cos (2.0 * G_PI * u1);
}

/* Philox 4x32-10 of one counter; only the first two words of its four are needed here. */
static void
philox (guint64 key,
        guint64 n_calls,
        guint64 thread,
        guint32 out[2])
{
  guint32 k0 = (guint32) key;
  guint32 k1 = (guint32) (key >> 32);
  guint32 c[4] = { (guint32) n_calls, (guint32) (n_calls >> 32), (guint32) thread, (guint32) (thread >> 32) };

  for (guint round = 0; round < 10; round++)
    {
      guint64 p0 = (guint64) 0xd2511f53u * c[0];
      guint64 p1 = (guint64) 0xcd9e8d57u * c[2];

      c[0] = (guint32) (p1 >> 32) ^ c[1] ^ k0;
      c[1] = (guint32) p1;
      c[2] = (guint32) (p0 >> 32) ^ c[3] ^ k1;
      c[3] = (guint32) p0;
      k0 += 0x9e3779b9u;
      k1 += 0xbb67ae85u;
    }
  out[0] = c[0];
  out[1] = c[1];
}

/* As on a device with at least @n threads: each thread makes one value of one counter. */
static void
fill_philox (EshiRng *self,
             float   *dst,
             gsize    n)
{
  const float unit = 2.3283064e-10f;
  const float turn = 2.3283064e-10f * 6.2831855f;

  for (gsize i = 0; i < n; i++)
    {
      guint32 bits[2];
      float u;
      float v;

      philox (self->key, self->n_calls, i, bits);
      u = (float) bits[0] * unit + unit / 2.0f;
      v = (float) bits[1] * turn + turn / 2.0f;
      dst[i] = sqrtf (-2.0f * logf (u)) * sinf (v);
    }
  self->n_calls++;
}

EshiRng *
eshi_rng_new (EshiRngKind kind,
              guint64     seed)
{
  EshiRng *self = g_new0 (EshiRng, 1);

  self->kind = kind;
  self->key = seed;
  mt_seed (self, (guint32) seed);
  return self;
}

void
eshi_rng_free (EshiRng *self)
{
  g_free (self);
}

EshiRngKind
eshi_rng_get_kind (const EshiRng *self)
{
  g_return_val_if_fail (self != NULL, ESHI_RNG_CPU);

  return self->kind;
}

void
eshi_rng_fill_normal (EshiRng *self,
                      float   *dst,
                      gsize    n)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (dst != NULL || n == 0);

  if (n == 0)
    return;
  if (self->kind == ESHI_RNG_PHILOX)
    {
      fill_philox (self, dst, n);
    }
  else if (n >= BLOCK)
    {
      fill_blocks (self, dst, n);
    }
  else
    {
      for (gsize i = 0; i < n; i++)
        dst[i] = (float) next_scalar (self);
    }
}

static void
put_u64 (guint32 *words,
         guint64  value)
{
  words[0] = GUINT32_TO_LE ((guint32) value);
  words[1] = GUINT32_TO_LE ((guint32) (value >> 32));
}

static guint64
get_u64 (const guint32 *words)
{
  return GUINT32_FROM_LE (words[0]) | (guint64) GUINT32_FROM_LE (words[1]) << 32;
}

GBytes *
eshi_rng_save (const EshiRng *self)
{
  guint32 words[N_WORDS];
  guint64 cached;

  g_return_val_if_fail (self != NULL, NULL);

  memcpy (&cached, &self->cached, sizeof cached);
  words[WORD_MAGIC] = GUINT32_TO_LE (STATE_MAGIC);
  words[WORD_KIND] = GUINT32_TO_LE ((guint32) self->kind);
  put_u64 (&words[WORD_KEY_LO], self->key);
  put_u64 (&words[WORD_CALLS_LO], self->n_calls);
  words[WORD_MT_INDEX] = GUINT32_TO_LE (self->mt_index);
  words[WORD_HAS_CACHED] = GUINT32_TO_LE ((guint32) self->has_cached);
  put_u64 (&words[WORD_CACHED_LO], cached);
  for (guint i = 0; i < MT_N; i++)
    words[WORD_MT + i] = GUINT32_TO_LE (self->mt[i]);
  return g_bytes_new (words, sizeof words);
}

static gboolean
read_words (EshiRng       *self,
            const guint32 *words)
{
  guint64 cached = get_u64 (&words[WORD_CACHED_LO]);

  self->kind = (EshiRngKind) GUINT32_FROM_LE (words[WORD_KIND]);
  self->key = get_u64 (&words[WORD_KEY_LO]);
  self->n_calls = get_u64 (&words[WORD_CALLS_LO]);
  self->mt_index = GUINT32_FROM_LE (words[WORD_MT_INDEX]);
  self->has_cached = words[WORD_HAS_CACHED] != 0;
  memcpy (&self->cached, &cached, sizeof cached);
  for (guint i = 0; i < MT_N; i++)
    self->mt[i] = GUINT32_FROM_LE (words[WORD_MT + i]);
  return GUINT32_FROM_LE (words[WORD_MAGIC]) == STATE_MAGIC &&
         eshi_rng_kind_get_name (self->kind) != NULL &&
         self->mt_index <= MT_N &&
         isfinite (self->cached);
}

EshiRng *
eshi_rng_new_from_bytes (GBytes  *state,
                         GError **error)
{
  g_autoptr(EshiRng) self = g_new0 (EshiRng, 1);
  guint32 words[N_WORDS];
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (state != NULL, NULL);

  data = g_bytes_get_data (state, &size);
  if (size == sizeof words)
    {
      memcpy (words, data, sizeof words);
      if (read_words (self, words))
        return g_steal_pointer (&self);
    }
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The saved state of the noise generator is damaged. Start the picture again."));
  return NULL;
}

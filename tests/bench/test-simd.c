/* test-simd.c: the CPU backend's own loops, each compiled variant that this processor can run, against plain double
 * arithmetic. The op tests see only the variant that the backend chooses.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "amx/eshi-cpu-amx.h"
#include "eshi-cpu-isa.h"
#include "eshi-cpu-kernels.h"

#define N 6000

/* Relative root-mean-square errors. bf16 keeps 8 bits, so one rounding costs 1.7e-3 of each element; attention rounds
 * the probabilities, too. */
#define LIMIT_F32  1e-6
#define LIMIT_BF16 4e-3

/* Of each value, before it is rounded to bf16; see eshi-cpu-simd.h. */
#define LIMIT_SILU 2e-4
#define SILU_RANGE 80.0

/* Operands of a test, in both types and as the doubles that both stand for. */
typedef struct
{
  const EshiCpuKernels *kernels;
  gboolean              bf16;
  double                x[3][N];
  float                 f32[3][N];
  guint16               half[3][N];
  float                 out[N];
  double                expected[N];
  double                size[N]; /* of attention: what @expected would be if nothing cancelled, Σ weight · |v| */
  char                 *scratch;
} Rig;

typedef struct
{
  EshiCpuLevel          level;
  const EshiCpuKernels *kernels;
  const char           *name;
} Variant;

static const Variant variants[] = {
  { ESHI_CPU_BASE, &eshi_cpu_kernels_base, "base" },
#if defined (__x86_64__)
  { ESHI_CPU_AVX2, &eshi_cpu_kernels_avx2, "avx2" },
  { ESHI_CPU_AVX512, &eshi_cpu_kernels_avx512, "avx512" },
  { ESHI_CPU_AVX512_BF16, &eshi_cpu_kernels_avx512bf16, "avx512bf16" },
#endif
};

static void *
allocate (gsize bytes)
{
  return aligned_alloc (64, (bytes + 63) / 64 * 64);
}

/* Random operands between −2 and 2 that bf16 can hold. */
static Rig *
rig_new (const EshiCpuKernels *kernels,
         gboolean              bf16)
{
  Rig *rig = allocate (sizeof *rig);

  memset (rig, 0, sizeof *rig);
  rig->kernels = kernels;
  rig->bf16 = bf16;
  for (guint k = 0; k < 3; k++)
    {
      for (guint i = 0; i < N; i++)
        rig->f32[k][i] = g_test_rand_double_range (-2, 2);
      eshi_convert_from_f32 (rig->half[k], ESHI_DTYPE_BF16, rig->f32[k], N);
      eshi_convert_to_f32 (rig->f32[k], rig->half[k], ESHI_DTYPE_BF16, N);
      for (guint i = 0; i < N; i++)
        rig->x[k][i] = rig->f32[k][i];
    }
  return rig;
}

static void
rig_free (Rig *rig)
{
  free (rig->scratch);
  free (rig);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)

static const void *
operand (const Rig *rig,
         guint      k)
{
  return rig->bf16 ? (const void *) rig->half[k] : (const void *) rig->f32[k];
}

/* The error of @n results, held against @size, their own or what they are the sums of. */
static void
check_against (Rig          *rig,
               gsize         n,
               const double *size)
{
  float wide[N];
  double error = 0.0;
  double norm = 0.0;

  g_assert_cmpuint (n, <=, N);
  eshi_convert_to_f32 (wide, rig->out, rig->bf16 ? ESHI_DTYPE_BF16 : ESHI_DTYPE_F32, n);
  for (gsize i = 0; i < n; i++)
    {
      error += (wide[i] - rig->expected[i]) * (wide[i] - rig->expected[i]);
      norm += size[i] * size[i];
    }
  g_assert_cmpfloat (sqrt (error / norm), <, rig->bf16 ? LIMIT_BF16 : LIMIT_F32);
}

static void
check (Rig   *rig,
       gsize  n)
{
  check_against (rig, n, rig->expected);
}

static double
activate (double         x,
          EshiActivation act)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      return x / (1 + exp (-x));
    case ESHI_ACT_QUICK_GELU:
      return x / (1 + exp (-1.702 * x));
    case ESHI_ACT_GELU:
      return x / 2 * (1 + erf (x * M_SQRT1_2));
    case ESHI_ACT_RELU:
      return fmax (x, 0);
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      return x;
    }
}

static void
test_pointwise (Rig *rig)
{
  const gsize n = 5003;

  for (EshiActivation act = ESHI_ACT_NONE; act < ESHI_N_ACTIVATIONS; act++)
    {
      rig->kernels->activation (rig->out, operand (rig, 0), n, act, rig->bf16);
      for (gsize i = 0; i < n; i++)
        rig->expected[i] = activate (rig->x[0][i], act);
      check (rig, n);
    }
  rig->kernels->guidance (rig->out, operand (rig, 0), operand (rig, 1), 7.5f, n, rig->bf16);
  for (gsize i = 0; i < n; i++)
    rig->expected[i] = rig->x[0][i] + 7.5 * (rig->x[1][i] - rig->x[0][i]);
  check (rig, n);
  rig->kernels->geglu (rig->out, operand (rig, 0), 29, 97, rig->bf16);
  for (gsize i = 0; i < 29 * 97; i++)
    rig->expected[i] = rig->x[0][i / 97 * 194 + i % 97] *
                       activate (rig->x[0][i / 97 * 194 + 97 + i % 97], ESHI_ACT_GELU);
  check (rig, 29 * 97);
}

/* There and back: every bf16 must survive; and halves must round to even. */
static void
test_convert (Rig *rig)
{
  static const float ties[] = { 1.00390625f, 1.01171875f, -1.00390625f, 0.0f };
  static const guint16 even[] = { 0x3f80, 0x3f82, 0xbf80, 0x0000 };
  guint16 back[N];

  rig->kernels->convert (rig->out, rig->half[0], N, FALSE);
  rig->kernels->convert (back, rig->out, N, TRUE);
  g_assert_cmpmem (back, sizeof back, rig->half[0], sizeof rig->half[0]);
  rig->kernels->convert (back, ties, G_N_ELEMENTS (ties), TRUE);
  g_assert_cmpmem (back, sizeof even, even, sizeof even);
}

/* Expected output of a norm over @width neighbouring channels of all pixels of an image. */
static void
expect_norm (Rig               *rig,
             const EshiCpuNorm *p)
{
  gsize width = p->c / p->groups;

  for (gsize task = 0; task < p->n * p->groups; task++)
    {
      gsize first = task / p->groups * p->pixels * p->c + task % p->groups * width;
      double mean = 0.0;
      double variance = 0.0;

      for (gsize i = 0; i < p->pixels * width; i++)
        mean += rig->x[0][first + i / width * p->c + i % width] / (p->pixels * width);
      for (gsize i = 0; i < p->pixels * width; i++)
        variance += pow (rig->x[0][first + i / width * p->c + i % width] - mean, 2) / (p->pixels * width);
      for (gsize i = 0; i < p->pixels * width; i++)
        {
          gsize at = first + i / width * p->c + i % width;
          double y = (rig->x[0][at] - mean) / sqrt (variance + p->eps);

          rig->expected[at] = activate (y * rig->x[1][at % p->c] + rig->x[2][at % p->c], p->act);
        }
    }
}

/* More pixels than are summed in f32; channels for many vectors side by side, for single ones and for a part of one. */
static void
test_group_norm (Rig *rig)
{
  static const gsize shapes[][2] = { { 70, 39 }, { 32, 93 } }; /* pixels, channels */

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      EshiCpuNorm p = { .src = operand (rig, 0), .dst = rig->out, .weight = rig->f32[1], .bias = rig->f32[2], .n = 2,
                        .pixels = shapes[i][0], .c = shapes[i][1], .groups = 3, .eps = 1e-5f, .act = ESHI_ACT_SILU,
                        .bf16 = rig->bf16 };

      free (rig->scratch);
      p.scratch = rig->scratch = allocate (rig->kernels->group_norm_bytes (&p));
      rig->kernels->group_norm (&p);
      expect_norm (rig, &p);
      check (rig, p.n * p.pixels * p.c);
    }
}

/* With weights of 0 group norm makes its bias, whose SiLU may be coarse where it is rounded to bf16. */
static void
test_silu (Rig *rig)
{
  static const float weight[N];
  EshiCpuNorm p = { .src = operand (rig, 0), .dst = rig->out, .weight = weight, .bias = rig->f32[2], .n = 1,
                    .pixels = 1, .c = N, .groups = 1, .eps = 1e-5f, .act = ESHI_ACT_SILU, .bf16 = rig->bf16 };
  double tolerance = rig->bf16 ? 1.0 / (1 << 8) + LIMIT_SILU : 1e-5;
  float wide[N];

  for (gsize i = 0; i < N; i++)
    rig->f32[2][i] = (float) (SILU_RANGE * (2.0 * i / N - 1.0));
  free (rig->scratch);
  p.scratch = rig->scratch = allocate (rig->kernels->group_norm_bytes (&p));
  rig->kernels->group_norm (&p);
  eshi_convert_to_f32 (wide, rig->out, rig->bf16 ? ESHI_DTYPE_BF16 : ESHI_DTYPE_F32, N);
  for (gsize i = 0; i < N; i++)
    {
      double expected = activate (rig->f32[2][i], ESHI_ACT_SILU);

      g_assert_cmpfloat (fabs (wide[i] - expected), <=, fabs (expected) * tolerance + 1e-30);
    }
}

/* A row is an image of one pixel. */
static void
test_layer_norm (Rig *rig)
{
  EshiCpuNorm p = { .src = operand (rig, 0), .dst = rig->out, .weight = rig->f32[1], .bias = rig->f32[2], .n = 1,
                    .pixels = 70, .c = 39, .groups = 1, .eps = 1e-5f, .act = ESHI_ACT_NONE, .bf16 = rig->bf16 };

  rig->kernels->layer_norm (&p);
  p.n = 70;
  p.pixels = 1;
  expect_norm (rig, &p);
  check (rig, 70 * 39);
}

/* One row of attention in double. */
static void
expect_attention (Rig                    *rig,
                  const EshiCpuAttention *p,
                  gsize                   head,
                  gsize                   row)
{
  gsize stride = p->heads * p->d;
  const double *q = rig->x[0] + row * stride + head * p->d;
  gsize visible = p->causal ? row + 1 : p->s;
  double scores[N];
  double largest = -G_MAXDOUBLE;
  double sum = 0.0;
  double *out = rig->expected + row * stride + head * p->d;
  double *size = rig->size + row * stride + head * p->d;

  memset (out, 0, p->d * sizeof (double));
  memset (size, 0, p->d * sizeof (double));
  for (gsize key = 0; key < visible; key++)
    {
      scores[key] = 0.0;
      for (gsize i = 0; i < p->d; i++)
        scores[key] += q[i] * rig->x[1][key * stride + head * p->d + i] * p->scale;
      largest = MAX (largest, scores[key]);
    }
  for (gsize key = 0; key < visible; key++)
    {
      double weight = exp (scores[key] - largest);

      sum += weight;
      for (gsize i = 0; i < p->d; i++)
        {
          out[i] += weight * rig->x[2][key * stride + head * p->d + i];
          size[i] += weight * fabs (rig->x[2][key * stride + head * p->d + i]);
        }
    }
  for (gsize i = 0; i < p->d; i++)
    {
      out[i] /= sum;
      size[i] /= sum;
    }
}

static void
test_attention (Rig *rig)
{
  /* t, s, heads, d: odd ones, more keys than a block, causal. */
  static const gsize shapes[][4] = { { 3, 500, 1, 11 }, { 70, 33, 2, 40 }, { 65, 65, 1, 64 }, { 1, 1, 1, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      EshiCpuAttention p = { .q = operand (rig, 0), .k = operand (rig, 1), .v = operand (rig, 2), .dst = rig->out,
                             .n = 1, .t = shapes[i][0], .s = shapes[i][1], .heads = shapes[i][2], .d = shapes[i][3],
                             .n_threads = 2, .scale = 0.25f, .causal = shapes[i][0] == shapes[i][1],
                             .bf16 = rig->bf16 };

      free (rig->scratch);
      p.scratch = rig->scratch = allocate (rig->kernels->attention_bytes (&p));
      rig->kernels->attention (&p);
      for (gsize row = 0; row < p.heads * p.t; row++)
        expect_attention (rig, &p, row % p.heads, row / p.heads);
      check (rig, p.t * p.heads * p.d);
    }
}

static void
test_gemv (Rig *rig)
{
  static const EshiDType types[] = { ESHI_DTYPE_F32, ESHI_DTYPE_BF16, ESHI_DTYPE_F16 };
  EshiCpuGemv p = { .x = rig->f32[0], .bias = rig->f32[2], .residual = rig->f32[2] + 100, .dst = rig->out, .m = 2,
                    .ci = 133, .co = 43, .act = ESHI_ACT_SILU };
  guint16 f16[N];

  eshi_convert_from_f32 (f16, ESHI_DTYPE_F16, rig->f32[1], N); /* exact: 8 bits between 2⁻¹⁴ and 2 */
  for (guint i = 0; i < (rig->kernels->f16 ? 3 : 2); i++)
    {
      p.weight_dtype = types[i];
      p.weight = i == 0 ? (const void *) rig->f32[1] : i == 1 ? (const void *) rig->half[1] : (const void *) f16;
      rig->kernels->gemv (&p);
      for (gsize at = 0; at < p.m * p.co; at++)
        {
          double sum = rig->x[2][at % p.co];

          for (gsize k = 0; k < p.ci; k++)
            sum += rig->x[0][at / p.co * p.ci + k] * rig->x[1][at % p.co * p.ci + k];
          rig->expected[at] = activate (sum, ESHI_ACT_SILU) + rig->x[2][100 + at];
        }
      check (rig, p.m * p.co);
    }
}

/* The weight as a file has it, [n, k], in panels of @width. */
static float *
make_panels (const float *weight,
             gsize        k,
             gsize        n,
             gsize        width)
{
  gsize n_panels = (n + width - 1) / width;
  float *panels = allocate (n_panels * k * width * sizeof *panels);

  for (gsize column = 0; column < n_panels * width; column++)
    for (gsize i = 0; i < k; i++)
      panels[(column / width * k + i) * width + column % width] = column < n ? weight[column * k + i] : 0;
  return panels;
}

static void
test_product (Rig *rig)
{
  /* m, k, n: one of each, odd ones, more terms than a part, more rows than a task, whole tiles. */
  static const gsize shapes[][3] = { { 1, 1, 1 }, { 5, 37, 19 }, { 7, 800, 7 }, { 149, 9, 40 }, { 12, 64, 64 } };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      EshiCpuProduct p = { .x = rig->f32[0], .bias = rig->f32[2], .dst = rig->out, .m = shapes[i][0],
                           .k = shapes[i][1], .n = shapes[i][2], .batch = 1, .act = ESHI_ACT_SILU,
                           .accumulate = i % 2 == 1 };

      free (rig->scratch);
      p.weight = (const float *) (rig->scratch = (char *) make_panels (rig->f32[1], p.k, p.n, rig->kernels->panel));
      for (gsize at = 0; at < p.m * p.n; at++)
        {
          double sum = rig->x[2][at % p.n];

          for (gsize k = 0; k < p.k; k++)
            sum += rig->x[0][at / p.n * p.k + k] * rig->x[1][at % p.n * p.k + k];
          rig->expected[at] = activate (sum, ESHI_ACT_SILU) + (p.accumulate ? 3.0 : 0.0);
          rig->out[at] = 3.0f;
        }
      rig->kernels->product (&p);
      check (rig, p.m * p.n);
    }
}

#define N_IMAGES 3
#define SIDE 106 /* pixels: 27 tiles a side, so that one image fits in a group of 128 channels and three do not */
#define CHANNELS 128

/* @p with all of its scratch and nothing more. */
static void
convolve (const EshiCpuKernels  *kernels,
          const EshiCpuWinograd *p)
{
  EshiCpuWinograd conv = *p;

  conv.scratch = allocate (kernels->winograd_bytes (p));
  kernels->winograd (&conv);
  free (conv.scratch);
}

/* Images that are convolved in two groups of tiles are what they are one by one, to the bit. What a group computes is
 * judged by the op tests. */
static void
test_winograd_groups (const EshiCpuKernels *kernels)
{
  gsize image = SIDE * SIDE * CHANNELS;
  g_autofree float *x = g_new (float, N_IMAGES * image);
  g_autofree float *weight = g_new (float, CHANNELS * CHANNELS * 9);
  g_autofree float *both = g_new0 (float, N_IMAGES * image);
  g_autofree float *each = g_new0 (float, N_IMAGES * image);
  EshiCpuWinograd p = { .x = x, .weight = weight, .weight_dtype = ESHI_DTYPE_F32, .dst = both, .n = N_IMAGES, .h = SIDE,
                        .w = SIDE, .ci = CHANNELS, .co = CHANNELS };

  for (gsize i = 0; i < N_IMAGES * image; i++)
    x[i] = (float) g_random_double_range (-1.0, 1.0);
  for (gsize i = 0; i < CHANNELS * CHANNELS * 9; i++)
    weight[i] = (float) g_random_double_range (-1.0, 1.0);
  convolve (kernels, &p);
  p.n = 1;
  for (guint i = 0; i < N_IMAGES; i++, p.x += image)
    {
      p.dst = each + i * image;
      convolve (kernels, &p);
    }
  g_assert_cmpmem (both, N_IMAGES * image * sizeof *both, each, N_IMAGES * image * sizeof *each);
}

static void
test_variant (gconstpointer data)
{
  const Variant *variant = data;
  EshiCpuIsa isa;

  if (!eshi_cpu_isa_detect (&isa) || isa.level < variant->level)
    {
      g_test_skip ("this processor lacks the instructions");
      return;
    }
  for (guint bf16 = 0; bf16 < 2; bf16++)
    {
      g_autoptr(Rig) rig = rig_new (variant->kernels, bf16);

      test_pointwise (rig);
      test_group_norm (rig);
      test_layer_norm (rig);
      test_attention (rig);
      test_silu (rig); /* takes the operands for its own */
    }
  {
    g_autoptr(Rig) rig = rig_new (variant->kernels, FALSE);

    test_convert (rig);
    test_gemv (rig);
    test_product (rig);
  }
  test_winograd_groups (variant->kernels);
}

#if defined (__x86_64__)

/* Attention in tiles, by 1, 2 and 3 threads: the same bytes, and right. */
static void
check_tiles (Rig              *rig,
             EshiCpuAttention *p)
{
  guint16 first[N];

  p->q = operand (rig, 0);
  p->k = operand (rig, 1);
  p->v = operand (rig, 2);
  p->dst = rig->out;
  for (p->n_threads = 1; p->n_threads <= 3; p->n_threads++)
    {
      free (rig->scratch);
      p->scratch = rig->scratch = aligned_alloc (4096, (eshi_cpu_amx_attention_bytes (p) + 4095) / 4096 * 4096);
      memset (rig->out, 0xff, sizeof rig->out);
      eshi_cpu_amx_attention (p);
      if (p->n_threads == 1)
        memcpy (first, rig->out, sizeof first);
      g_assert_cmpmem (first, p->t * p->heads * p->d * 2, rig->out, p->t * p->heads * p->d * 2);
    }
  for (gsize row = 0; row < p->heads * p->t; row++)
    expect_attention (rig, p, row % p->heads, row / p->heads);
  check_against (rig, p->t * p->heads * p->d, rig->size); /* few values may nearly cancel */
}

/* Makes keys grow from 0 to @most times what they were: so does the largest score, long after the first block. */
static void
swell_keys (Rig   *rig,
            gsize  n,
            float  most)
{
  for (gsize i = 0; i < n; i++)
    rig->f32[1][i] *= most * i / n;
  eshi_convert_from_f32 (rig->half[1], ESHI_DTYPE_BF16, rig->f32[1], n);
  eshi_convert_to_f32 (rig->f32[1], rig->half[1], ESHI_DTYPE_BF16, n);
  for (gsize i = 0; i < n; i++)
    rig->x[1][i] = rig->f32[1][i];
}

static void
test_tiles (void)
{
  /* t, s, heads, d: less than a tile of anything, one row, more than a task, odd ones, wide ones, many keys. */
  static const gsize shapes[][4] = { { 3, 5, 1, 11 }, { 1, 1, 1, 1 }, { 70, 33, 2, 40 }, { 65, 64, 1, 64 },
                                     { 12, 12, 3, 160 }, { 9, 11, 1, 512 }, { 5, 700, 1, 8 } };
  EshiCpuIsa isa;

  if (!eshi_cpu_isa_detect (&isa) || !isa.amx_bf16)
    {
      g_test_skip ("this processor lacks the instructions");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (guint swell = 0; swell < 2; swell++)
      {
        g_autoptr(Rig) rig = rig_new (&eshi_cpu_kernels_avx512, TRUE);
        EshiCpuAttention p = { .n = 1, .t = shapes[i][0], .s = shapes[i][1], .heads = shapes[i][2],
                               .d = shapes[i][3], .scale = 0.25f, .bf16 = TRUE };

        if (swell)
          swell_keys (rig, p.s * p.heads * p.d, 40.0f);
        check_tiles (rig, &p);
      }
}

#endif

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/cpu/simd/%s", variants[i].name);

      g_test_add_data_func (path, &variants[i], test_variant);
    }
#if defined (__x86_64__)
  g_test_add_func ("/eshi/cpu/amx/attention", test_tiles);
#endif
  return g_test_run ();
}

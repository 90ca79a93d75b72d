/* eshi-cpu-simd-norm.c: group norm and layer norm, two passes over x with statistics in f32 and double.
 *
 * Group norm, channels last: x is [pixels, c] per image and a group is a few neighbouring channels of all pixels, so the
 * first pass sums per channel (contiguous, whatever the group's width) and groups are put together at the end. Sums are
 * of x minus the image's first pixel: a large common offset would otherwise eat the variance. They run in f32 over 64
 * pixels at most and are then added up in double.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <omp.h>

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#define MAX_CHUNKS 64 /* of an image; fixed, so that results do not depend on the number of threads */
#define MIN_CHUNK  64 /* pixels */
#define MAX_RUN    64 /* pixels summed in f32 */
#define CHAINS     4  /* vectors summed independently of each other in layer norm: an addition takes four cycles */
#define WIDTH      (ESHI_LANES < 16 ? 2 : 4) /* vectors summed side by side */

/* What the passes share, all in p->scratch. */
typedef struct
{
  gsize   chunk;    /* pixels of one task */
  gsize   n_chunks; /* per image */
  double *sums;     /* [n, n_chunks, 2, c]: Σ d and Σ d² of d = x − shift */
  float  *mean;     /* [n, c]; alike within a group */
  float  *scale;    /* [n, c]: weight / √(var + eps) */
} Layout;

static Layout
lay_out (const EshiCpuNorm *p)
{
  Layout l = { 0, };

  l.chunk = MAX (MIN_CHUNK, (p->pixels + MAX_CHUNKS - 1) / MAX_CHUNKS);
  l.n_chunks = (p->pixels + l.chunk - 1) / l.chunk;
  l.sums = p->scratch;
  l.mean = (float *) (l.sums + p->n * l.n_chunks * 2 * p->c);
  l.scale = l.mean + p->n * p->c;
  return l;
}

gsize
ESHI_CPU_NAME (eshi_cpu_group_norm_bytes) (const EshiCpuNorm *p)
{
  Layout l = lay_out (p);

  return p->n * l.n_chunks * 2 * p->c * sizeof (double) + 2 * p->n * p->c * sizeof (float);
}

/* Adds Σ d and Σ d² of channels c0 … c0 + n · LANES − 1, @n ≤ WIDTH constant, over the pixels begin … end − 1 to @sums. Of
 * a pixel's channels some lines at a time are read, which the processor can foresee. */
ESHI_INLINE void
sum_vectors (const EshiCpuNorm *p,
             gsize              image,
             gsize              begin,
             gsize              end,
             gsize              c0,
             gsize              n,
             double            *sums,
             gboolean           bf16)
{
  gsize origin = image * p->pixels * p->c + c0;
  EshiVec shift[WIDTH];
  EshiVec sum[WIDTH] = { { 0 } };
  EshiVec squares[WIDTH] = { { 0 } };

  for (gsize v = 0; v < n; v++)
    shift[v] = eshi_vec_load (p->src, origin + v * ESHI_LANES, bf16);
  for (gsize i = begin; i < end; i++)
    for (gsize v = 0; v < n; v++)
      {
        EshiVec d = eshi_vec_load (p->src, origin + i * p->c + v * ESHI_LANES, bf16) - shift[v];

        sum[v] += d;
        squares[v] += d * d;
      }
  for (gsize v = 0; v < n; v++)
    for (gsize j = 0; j < ESHI_LANES; j++)
      {
        sums[c0 + v * ESHI_LANES + j] += sum[v][j];
        sums[p->c + c0 + v * ESHI_LANES + j] += squares[v][j];
      }
}

/* The same for @n < LANES channels. */
ESHI_INLINE void
sum_rest (const EshiCpuNorm *p,
          gsize              image,
          gsize              begin,
          gsize              end,
          gsize              c0,
          gsize              n,
          double            *sums,
          gboolean           bf16)
{
  gsize origin = image * p->pixels * p->c + c0;
  EshiVec shift = eshi_vec_load_n (p->src, origin, n, bf16);
  EshiVec sum = { 0 };
  EshiVec squares = { 0 };

  for (gsize i = begin; i < end; i++)
    {
      EshiVec d = eshi_vec_load_n (p->src, origin + i * p->c, n, bf16) - shift;

      sum += d;
      squares += d * d;
    }
  for (gsize j = 0; j < n; j++)
    {
      sums[c0 + j] += sum[j];
      sums[p->c + c0 + j] += squares[j];
    }
}

ESHI_INLINE void
sum_chunk (const EshiCpuNorm *p,
           const Layout      *l,
           gsize              task,
           gboolean           bf16)
{
  gsize image = task / l->n_chunks;
  gsize begin = task % l->n_chunks * l->chunk;
  gsize end = MIN (p->pixels, begin + l->chunk);
  double *sums = l->sums + task * 2 * p->c;

  memset (sums, 0, 2 * p->c * sizeof (double));
  for (gsize run = begin; run < end; run += MAX_RUN)
    {
      gsize run_end = MIN (end, run + MAX_RUN);
      gsize c0 = 0;

      for (; c0 + WIDTH * ESHI_LANES <= p->c; c0 += WIDTH * ESHI_LANES)
        sum_vectors (p, image, run, run_end, c0, WIDTH, sums, bf16);
      for (; c0 + ESHI_LANES <= p->c; c0 += ESHI_LANES)
        sum_vectors (p, image, run, run_end, c0, 1, sums, bf16);
      if (c0 < p->c)
        sum_rest (p, image, run, run_end, c0, p->c - c0, sums, bf16);
    }
}

static inline double
element (const EshiCpuNorm *p,
         gsize              i)
{
  guint32 bits = 0;
  float x = 0.0f;

  if (!p->bf16)
    return ((const float *) p->src)[i];
  bits = (guint32) ((const guint16 *) p->src)[i] << 16;
  memcpy (&x, &bits, sizeof x);
  return x;
}

/* Adds the chunks of channel @c up; leaves its mean and the sum of squares around it. */
static inline void
channel_moments (const EshiCpuNorm *p,
                 const Layout      *l,
                 gsize              image,
                 gsize              c,
                 double            *mean,
                 double            *m2)
{
  double sum = 0.0;
  double squares = 0.0;

  for (gsize i = 0; i < l->n_chunks; i++)
    {
      const double *sums = l->sums + (image * l->n_chunks + i) * 2 * p->c;

      sum += sums[c];
      squares += sums[p->c + c];
    }
  *mean = element (p, image * p->pixels * p->c + c) + sum / p->pixels;
  *m2 = squares - sum * sum / p->pixels;
}

/* Turns the sums of one group into mean and scale of its channels. */
static void
finish_group (const EshiCpuNorm *p,
              const Layout      *l,
              gsize              task)
{
  gsize image = task / p->groups;
  gsize width = p->c / p->groups;
  gsize first = task % p->groups * width;
  double mean = 0.0;
  double m2 = 0.0;
  double n = 0.0;
  double rstd = 0.0;

  for (gsize c = first; c < first + width; c++)
    {
      double channel_mean = 0.0;
      double channel_m2 = 0.0;
      double delta = 0.0;

      channel_moments (p, l, image, c, &channel_mean, &channel_m2);
      delta = channel_mean - mean;
      mean += delta * p->pixels / (n + p->pixels);
      m2 += channel_m2 + delta * delta * n * p->pixels / (n + p->pixels);
      n += p->pixels;
    }
  rstd = 1.0 / sqrt (MAX (m2, 0.0) / n + p->eps);
  for (gsize c = first; c < first + width; c++)
    {
      l->mean[image * p->c + c] = mean;
      l->scale[image * p->c + c] = rstd * p->weight[c];
    }
}

/* Subtracts the mean first: folded into the bias it would cancel badly where the deviation is small. */
ESHI_INLINE EshiVec
normalize (EshiVec        x,
           EshiVec        mean,
           EshiVec        scale,
           EshiVec        bias,
           EshiActivation act,
           gboolean       bf16)
{
  EshiVec y = (x - mean) * scale + bias;

  if (act != ESHI_ACT_SILU)
    return y;
#if ESHI_NATIVE_BF16
  if (bf16)
    return eshi_vec_silu_coarse (y);
#endif
  return eshi_vec_swish (y, 1.0f);
}

ESHI_INLINE void
apply_chunk (const EshiCpuNorm *p,
             const Layout      *l,
             gsize              task,
             EshiActivation     act,
             gboolean           bf16)
{
  gsize image = task / l->n_chunks;
  gsize begin = task % l->n_chunks * l->chunk;
  gsize end = MIN (p->pixels, begin + l->chunk);
  const float *mean = l->mean + image * p->c;
  const float *scale = l->scale + image * p->c;

  for (gsize i = begin; i < end; i++)
    {
      gsize at = (image * p->pixels + i) * p->c;
      gsize c = 0;

      for (; c + ESHI_LANES <= p->c; c += ESHI_LANES)
        eshi_vec_store (p->dst, at + c,
                        normalize (eshi_vec_load (p->src, at + c, bf16), eshi_vec_load (mean, c, FALSE),
                                   eshi_vec_load (scale, c, FALSE), eshi_vec_load (p->bias, c, FALSE), act, bf16),
                        bf16);
      if (c < p->c)
        eshi_vec_store_n (p->dst, at + c, p->c - c,
                          normalize (eshi_vec_load_n (p->src, at + c, p->c - c, bf16),
                                     eshi_vec_load_n (mean, c, p->c - c, FALSE),
                                     eshi_vec_load_n (scale, c, p->c - c, FALSE),
                                     eshi_vec_load_n (p->bias, c, p->c - c, FALSE), act, bf16),
                          bf16);
    }
}

/* The thread's share of the chunks, which is the one that it has summed, from behind: the last ones may still be in its
 * caches. */
ESHI_INLINE void
apply_share (const EshiCpuNorm *p,
             const Layout      *l,
             EshiActivation     act,
             gboolean           bf16)
{
  gsize n = p->n * l->n_chunks;
  gsize begin = n * omp_get_thread_num () / omp_get_num_threads ();
  gsize end = n * (omp_get_thread_num () + 1) / omp_get_num_threads ();

  for (gsize task = end; task > begin; task--)
    apply_chunk (p, l, task - 1, act, bf16);
}

ESHI_INLINE void
group_norm (const EshiCpuNorm *p,
            EshiActivation     act,
            gboolean           bf16)
{
  Layout l = lay_out (p);

#pragma omp parallel if (p->n * p->pixels * p->c > ESHI_CPU_PARALLEL_MIN)
  {
#pragma omp for schedule(static)
    for (gsize task = 0; task < p->n * l.n_chunks; task++)
      sum_chunk (p, &l, task, bf16);
#pragma omp for schedule(static)
    for (gsize task = 0; task < p->n * p->groups; task++)
      finish_group (p, &l, task);
    apply_share (p, &l, act, bf16);
  }
}

void
ESHI_CPU_NAME (eshi_cpu_group_norm) (const EshiCpuNorm *p)
{
  if (p->act == ESHI_ACT_SILU && p->bf16)
    group_norm (p, ESHI_ACT_SILU, TRUE);
  else if (p->act == ESHI_ACT_SILU)
    group_norm (p, ESHI_ACT_SILU, FALSE);
  else if (p->bf16)
    group_norm (p, ESHI_ACT_NONE, TRUE);
  else
    group_norm (p, ESHI_ACT_NONE, FALSE);
}

typedef struct
{
  float sum;
  float squares;
} Moments;

ESHI_INLINE void
add_moments (EshiVec *sum,
             EshiVec *squares,
             EshiVec  d)
{
  *sum += d;
  *squares += d * d;
}

/* Σ d and Σ d² of d = x − @shift, of one row of c elements at @at. */
ESHI_INLINE Moments
sum_row (const EshiCpuNorm *p,
         gsize              at,
         float              shift,
         gboolean           bf16)
{
  EshiVec sum[CHAINS] = { { 0 } };
  EshiVec squares[CHAINS] = { { 0 } };
  Moments total = { 0 };
  gsize i = 0;

  for (; i + CHAINS * ESHI_LANES <= p->c; i += CHAINS * ESHI_LANES)
    for (gsize v = 0; v < CHAINS; v++)
      add_moments (&sum[v], &squares[v], eshi_vec_load (p->src, at + i + v * ESHI_LANES, bf16) - shift);
  for (; i + ESHI_LANES <= p->c; i += ESHI_LANES)
    add_moments (&sum[0], &squares[0], eshi_vec_load (p->src, at + i, bf16) - shift);
  total.sum = eshi_vec_sum ((sum[0] + sum[1]) + (sum[2] + sum[3]));
  total.squares = eshi_vec_sum ((squares[0] + squares[1]) + (squares[2] + squares[3]));
  for (; i < p->c; i++)
    {
      float d = element (p, at + i) - shift;

      total.sum += d;
      total.squares += d * d;
    }
  return total;
}

/* The second sums take back what rounding lost of the first where |mean| ≫ deviation. bf16 needs no others; in f32 the
 * squares around the better mean are worth their pass: pictures of many steps come out nearer to the reference's. */
ESHI_INLINE void
layer_norm_row (const EshiCpuNorm *p,
                gsize              at,
                gboolean           bf16)
{
  float mean = sum_row (p, at, 0.0f, bf16).sum / p->c;
  Moments around = sum_row (p, at, mean, bf16);
  float rest = around.sum / p->c;
  float variance = MAX (around.squares / p->c - rest * rest, 0.0f);
  float rstd = 0.0f;
  gsize i = 0;

  mean += rest;
  if (!bf16)
    variance = sum_row (p, at, mean, FALSE).squares / p->c;
  rstd = 1.0f / sqrtf (variance + p->eps);
  for (; i + ESHI_LANES <= p->c; i += ESHI_LANES)
    {
      EshiVec x = (eshi_vec_load (p->src, at + i, bf16) - mean) * rstd;

      eshi_vec_store (p->dst, at + i, x * eshi_vec_load (p->weight, i, FALSE) + eshi_vec_load (p->bias, i, FALSE),
                      bf16);
    }
  if (i < p->c)
    {
      EshiVec x = (eshi_vec_load_n (p->src, at + i, p->c - i, bf16) - mean) * rstd;

      x = x * eshi_vec_load_n (p->weight, i, p->c - i, FALSE) + eshi_vec_load_n (p->bias, i, p->c - i, FALSE);
      eshi_vec_store_n (p->dst, at + i, p->c - i, x, bf16);
    }
}

void
ESHI_CPU_NAME (eshi_cpu_layer_norm) (const EshiCpuNorm *p)
{
#pragma omp parallel for schedule(static) if (p->pixels * p->c > ESHI_CPU_PARALLEL_MIN)
  for (gsize row = 0; row < p->pixels; row++)
    {
      if (p->bf16)
        layer_norm_row (p, row * p->c, TRUE);
      else
        layer_norm_row (p, row * p->c, FALSE);
    }
}

/* eshi-cpu-simd-attention.c: softmax (q · kᵀ · scale) · v without ever holding the t × s scores.
 *
 * A task is one head and QUERIES rows of q. It walks over the keys in blocks: scores of the block into a buffer that
 * stays in cache, the softmax's running maximum and sum (Milakov and Gimelshein), then probabilities · v added to an f32
 * accumulator that is rescaled when the maximum grew. Both products are the same small matrix kernel: rows of the left
 * side are broadcast, the right side lies in panels as wide as a vector, packed once per head before the tasks start.
 *
 *   keys   [s / lanes][d][lanes]          values [d / lanes][s][lanes]          in f32
 *   keys   [s / lanes][d / 2][lanes][2]   values [d / lanes][s / 2][lanes][2]   in bf16, where there is vdpbf16ps
 *
 * Without that instruction bf16 is widened to f32 while packing. Scores, maximum, sum and accumulator are f32 always;
 * with vdpbf16ps the probabilities are rounded to bf16 before they meet v.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <omp.h>

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

/* Sizes of the tile that is held in registers, and of the blocks. 8 × 3 accumulators fill 24 of AVX-512's 32 registers,
 * 4 × 3 fill 12 of 16. */
#if ESHI_LANES == 16
#define TILE_ROWS 8
#else
#define TILE_ROWS 4
#endif
#define TILE_COLS 3                                      /* vectors */
#define QUERIES   64
#define KEYS      240                                    /* a multiple of TILE_COLS · lanes for each width */
#define MINUS_BIG -1e30f

/* What a task needs to know; all sizes in elements. */
typedef struct
{
  const EshiCpuAttention *p;
  gboolean  packed_bf16; /* panels and probabilities are bf16 */
  gsize     element;     /* bytes of an element of the panels */
  gsize     d_pairs;     /* d, rounded up to even */
  gsize     d_pad;       /* d, rounded up to whole vectors */
  gsize     s_pad;       /* the same of s */
  gsize     keys_bytes;  /* of one head's panels */
  gsize     values_bytes;
  gsize     task_bytes;  /* scratch of one thread */
  gsize     n_blocks;    /* of queries */
  char     *keys;
  char     *values;
  char     *tasks;
} Job;

static gsize
round_up (gsize x,
          gsize to)
{
  return (x + to - 1) / to * to;
}

static Job
plan_job (const EshiCpuAttention *p)
{
  Job job = { .p = p };

  job.packed_bf16 = p->bf16 && ESHI_NATIVE_BF16;
  job.element = job.packed_bf16 ? 2 : 4;
  job.d_pairs = round_up (p->d, 2);
  job.d_pad = round_up (p->d, ESHI_LANES);
  job.s_pad = round_up (p->s, ESHI_LANES);
  job.keys_bytes = round_up (job.s_pad * job.d_pairs * job.element, 64);
  job.values_bytes = round_up (job.s_pad * job.d_pad * job.element, 64);
  /* q, scores, probabilities, accumulator, maximum and sum */
  job.task_bytes = round_up (4 * QUERIES * (job.d_pairs + KEYS + KEYS + job.d_pad + 1 + ESHI_LANES), 64);
  job.n_blocks = (p->t + QUERIES - 1) / QUERIES;
  job.keys = p->scratch;
  job.values = job.keys + p->n * p->heads * job.keys_bytes;
  job.tasks = job.values + p->n * p->heads * job.values_bytes;
  return job;
}

gsize
ESHI_CPU_NAME (eshi_cpu_attention_bytes) (const EshiCpuAttention *p)
{
  Job job = plan_job (p);

  return p->n * p->heads * (job.keys_bytes + job.values_bytes) + p->n_threads * job.task_bytes;
}

/* f32 of element @i of @src. */
ESHI_INLINE float
widen (const void *src,
       gsize       i,
       gboolean    bf16)
{
  guint32 bits = 0;
  float x = 0.0f;

  if (!bf16)
    return ((const float *) src)[i];
  bits = (guint32) ((const guint16 *) src)[i] << 16;
  memcpy (&x, &bits, sizeof x);
  return x;
}

/* Panel @panel of the keys of head @head: LANES keys side by side. */
static void
pack_keys (const Job *job,
           gsize      head,
           gsize      panel)
{
  const EshiCpuAttention *p = job->p;
  char *dst = job->keys + head * job->keys_bytes + panel * job->d_pairs * ESHI_LANES * job->element;
  gsize row = p->heads * p->d;
  gsize origin = head / p->heads * p->s * row + head % p->heads * p->d;

  for (gsize lane = 0; lane < ESHI_LANES; lane++)
    {
      gsize key = panel * ESHI_LANES + lane;
      gsize at = origin + key * row;

      for (gsize i = 0; i < job->d_pairs; i++)
        {
          gboolean inside = key < p->s && i < p->d;

          if (job->packed_bf16)
            ((guint16 *) dst)[(i / 2 * ESHI_LANES + lane) * 2 + i % 2] = inside ? ((const guint16 *) p->k)[at + i] : 0;
          else
            ((float *) dst)[i * ESHI_LANES + lane] = inside ? widen (p->k, at + i, p->bf16) : 0.0f;
        }
    }
}

/* The values of LANES keys of head @head, in all panels. */
static void
pack_values (const Job *job,
             gsize      head,
             gsize      panel)
{
  const EshiCpuAttention *p = job->p;
  char *dst = job->values + head * job->values_bytes;
  gsize row = p->heads * p->d;
  gsize origin = head / p->heads * p->s * row + head % p->heads * p->d;

  for (gsize key = panel * ESHI_LANES; key < (panel + 1) * ESHI_LANES; key++)
    for (gsize i = 0; i < job->d_pad; i++)
      {
        gboolean inside = key < p->s && i < p->d;
        gsize at = origin + key * row + i;
        gsize column = i / ESHI_LANES * job->s_pad * ESHI_LANES;
        gsize lane = i % ESHI_LANES;

        if (job->packed_bf16)
          ((guint16 *) dst)[column + (key / 2 * ESHI_LANES + lane) * 2 + key % 2] =
            inside ? ((const guint16 *) p->v)[at] : 0;
        else
          ((float *) dst)[column + key * ESHI_LANES + lane] = inside ? widen (p->v, at, p->bf16) : 0.0f;
      }
}

/* One step of k (f32) or two (bf16) of a tile: acc[r] += broadcast (a[r]) · b. */
ESHI_INLINE EshiVec
multiply_add (EshiVec     acc,
              const char *a,
              EshiVec     b,
              gboolean    bf16)
{
#if ESHI_NATIVE_BF16
  if (bf16)
    {
      gint32 pair = 0;

      memcpy (&pair, a, sizeof pair);
      return (EshiVec) _mm512_dpbf16_ps ((__m512) acc, (__m512bh) _mm512_set1_epi32 (pair), (__m512bh) b);
    }
#endif
  return acc + *(const float *) a * b;
}

/* c[TILE_ROWS, cols · lanes] (+)= a[TILE_ROWS, 4-byte steps] · panels of b. Strides in bytes. */
ESHI_INLINE void
multiply_tile (float      *c,
               gsize       c_stride,
               const char *a,
               gsize       a_stride,
               const char *b,
               gsize       b_stride,
               gsize       steps,
               guint       cols,
               gboolean    accumulate,
               gboolean    bf16)
{
  EshiVec acc[TILE_ROWS][TILE_COLS];

#pragma GCC unroll 8
  for (guint r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
    for (guint j = 0; j < cols; j++)
      acc[r][j] = accumulate ? eshi_vec_load ((char *) c + r * c_stride, j * ESHI_LANES, FALSE) : (EshiVec) { 0 };
  for (gsize k = 0; k < steps; k++)
    {
      EshiVec right[TILE_COLS];

#pragma GCC unroll 3
      for (guint j = 0; j < cols; j++)
        right[j] = *(const EshiMemVec *) (b + j * b_stride + k * 4 * ESHI_LANES);
#pragma GCC unroll 8
      for (guint r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (guint j = 0; j < cols; j++)
          acc[r][j] = multiply_add (acc[r][j], a + r * a_stride + k * 4, right[j], bf16);
    }
#pragma GCC unroll 8
  for (guint r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
    for (guint j = 0; j < cols; j++)
      eshi_vec_store ((char *) c + r * c_stride, j * ESHI_LANES, acc[r][j], FALSE);
}

/* The same for any number of rows (a multiple of TILE_ROWS) and panels. Panels outside, rows inside: three panels stay
 * in the first cache while all rows pass. */
ESHI_INLINE void
multiply_typed (float      *c,
                gsize       c_stride,
                const char *a,
                gsize       a_stride,
                const char *b,
                gsize       b_stride,
                gsize       steps,
                gsize       rows,
                gsize       panels,
                gboolean    accumulate,
                gboolean    bf16)
{
  for (gsize j = 0; j < panels; j += TILE_COLS)
    for (gsize r = 0; r < rows; r += TILE_ROWS)
      {
        float *out = (float *) ((char *) c + r * c_stride) + j * ESHI_LANES;
        const char *left = a + r * a_stride;
        const char *right = b + j * b_stride;

        if (panels - j >= 3)
          multiply_tile (out, c_stride, left, a_stride, right, b_stride, steps, 3, accumulate, bf16);
        else if (panels - j == 2)
          multiply_tile (out, c_stride, left, a_stride, right, b_stride, steps, 2, accumulate, bf16);
        else
          multiply_tile (out, c_stride, left, a_stride, right, b_stride, steps, 1, accumulate, bf16);
      }
}

static void
multiply (float      *c,
          gsize       c_stride,
          const char *a,
          gsize       a_stride,
          const char *b,
          gsize       b_stride,
          gsize       steps,
          gsize       rows,
          gsize       panels,
          gboolean    accumulate,
          gboolean    bf16)
{
  if (bf16 && accumulate)
    multiply_typed (c, c_stride, a, a_stride, b, b_stride, steps, rows, panels, TRUE, TRUE);
  else if (bf16)
    multiply_typed (c, c_stride, a, a_stride, b, b_stride, steps, rows, panels, FALSE, TRUE);
  else if (accumulate)
    multiply_typed (c, c_stride, a, a_stride, b, b_stride, steps, rows, panels, TRUE, FALSE);
  else
    multiply_typed (c, c_stride, a, a_stride, b, b_stride, steps, rows, panels, FALSE, FALSE);
}

/* As exact as the type of the probabilities makes sense of. */
ESHI_INLINE EshiVec
exponential (EshiVec  x,
             gboolean bf16)
{
#if ESHI_NATIVE_BF16
  if (bf16)
    return eshi_vec_exp_coarse (x);
#endif
  return eshi_vec_exp (x);
}

/* The largest of the first @width scores, a multiple of lanes; four at a time, for one would wait for the other. */
ESHI_INLINE float
find_maximum (const float *scores,
              gsize        width)
{
  EshiVec max[4];
  gsize i = 0;

  for (guint j = 0; j < 4; j++)
    max[j] = eshi_vec_load (scores, 0, FALSE);
  for (; i + 4 * ESHI_LANES <= width; i += 4 * ESHI_LANES)
#pragma GCC unroll 4
    for (guint j = 0; j < 4; j++)
      max[j] = eshi_vec_max (max[j], eshi_vec_load (scores, i + j * ESHI_LANES, FALSE));
  for (; i < width; i += ESHI_LANES)
    max[0] = eshi_vec_max (max[0], eshi_vec_load (scores, i, FALSE));
  return eshi_vec_max_lane (eshi_vec_max (eshi_vec_max (max[0], max[1]), eshi_vec_max (max[2], max[3])));
}

/* What is known of a row's softmax so far. */
typedef struct
{
  float  maximum;
  float *sum;         /* [lanes] */
  float *accumulator; /* [d_pad] */
} Row;

/* Scales what the row has gathered so far to a larger maximum. */
ESHI_INLINE void
raise_maximum (Row   *row,
               float  maximum,
               gsize  d_pad)
{
  float scale = eshi_vec_exp (eshi_vec_set1 (row->maximum - maximum))[0];

  eshi_vec_store (row->sum, 0, eshi_vec_load (row->sum, 0, FALSE) * scale, FALSE);
  for (gsize i = 0; i < d_pad; i += ESHI_LANES)
    eshi_vec_store (row->accumulator, i, eshi_vec_load (row->accumulator, i, FALSE) * scale, FALSE);
  row->maximum = maximum;
}

/* One row of scores [KEYS] to probabilities in @out (which may be @scores): the first @visible keys count, all others up
 * to @width become 0. Updates @row. */
ESHI_INLINE void
soften_row (Row      *row,
            float    *scores,
            void     *out,
            gsize     visible,
            gsize     width,
            gsize     d_pad,
            float     scale,
            gboolean  bf16)
{
  EshiVec total = { 0 };
  float maximum = 0.0f;

  for (gsize i = visible; i < width; i++)
    scores[i] = MINUS_BIG;
  maximum = find_maximum (scores, width) * scale;
  if (maximum > row->maximum)
    raise_maximum (row, maximum, d_pad);
  for (gsize i = 0; i < width; i += ESHI_LANES)
    {
      EshiVec p = exponential (eshi_vec_load (scores, i, FALSE) * scale - row->maximum, bf16);

      total += p;
      eshi_vec_store (out, i, p, bf16);
    }
  eshi_vec_store (row->sum, 0, eshi_vec_load (row->sum, 0, FALSE) + total, FALSE);
}

/* Buffers of one thread. */
typedef struct
{
  char  *q;             /* [QUERIES, d_pairs] */
  float *scores;        /* [QUERIES, KEYS] */
  char  *probabilities; /* the same as bf16, or @scores itself */
  float *accumulator;   /* [QUERIES, d_pad] */
  float *maximum;       /* [QUERIES] */
  float *sum;           /* [QUERIES, lanes] */
} Buffers;

static Buffers
get_buffers (const Job *job,
             gsize      thread)
{
  Buffers b = { 0, };
  char *scratch = job->tasks + thread * job->task_bytes;

  b.scores = (float *) scratch;
  b.accumulator = b.scores + QUERIES * KEYS;
  b.maximum = b.accumulator + QUERIES * job->d_pad;
  b.sum = b.maximum + QUERIES;
  b.q = (char *) (b.sum + QUERIES * ESHI_LANES);
  b.probabilities = job->packed_bf16 ? b.q + 4 * QUERIES * job->d_pairs : (char *) b.scores;
  return b;
}

/* Copies the queries of the task next to each other; rows beyond the last one are 0. */
static void
load_queries (const Job     *job,
              const Buffers *b,
              gsize          origin,
              gsize          n_rows,
              gsize          rows)
{
  const EshiCpuAttention *p = job->p;
  gsize stride = p->heads * p->d;

  memset (b->q, 0, rows * job->d_pairs * job->element);
  for (gsize r = 0; r < n_rows; r++)
    for (gsize i = 0; i < p->d; i++)
      {
        if (job->packed_bf16)
          ((guint16 *) b->q)[r * job->d_pairs + i] = ((const guint16 *) p->q)[origin + r * stride + i];
        else
          ((float *) b->q)[r * job->d_pairs + i] = widen (p->q, origin + r * stride + i, p->bf16);
      }
  memset (b->accumulator, 0, rows * job->d_pad * sizeof (float));
  memset (b->sum, 0, rows * ESHI_LANES * sizeof (float));
  for (gsize r = 0; r < rows; r++)
    b->maximum[r] = MINUS_BIG;
}

static void
store_rows (const Job     *job,
            const Buffers *b,
            gsize          origin,
            gsize          n_rows)
{
  const EshiCpuAttention *p = job->p;
  gsize stride = p->heads * p->d;

  for (gsize r = 0; r < n_rows; r++)
    {
      const float *row = b->accumulator + r * job->d_pad;
      float inverse = 1.0f / eshi_vec_sum (eshi_vec_load (b->sum, r * ESHI_LANES, FALSE));
      gsize at = origin + r * stride;
      gsize i = 0;

      for (; i + ESHI_LANES <= p->d; i += ESHI_LANES)
        eshi_vec_store (p->dst, at + i, eshi_vec_load (row, i, FALSE) * inverse, p->bf16);
      if (i < p->d)
        eshi_vec_store_n (p->dst, at + i, p->d - i, eshi_vec_load (row, i, FALSE) * inverse, p->bf16);
    }
}

/* Adds keys first … first + width − 1 to the task. */
static void
add_keys (const Job     *job,
          const Buffers *b,
          gsize          head,
          gsize          first_query,
          gsize          rows,
          gsize          first_key,
          gsize          width)
{
  const EshiCpuAttention *p = job->p;
  gsize per_step = job->packed_bf16 ? 2 : 1; /* elements in 4 bytes */
  gsize panel = job->d_pairs * ESHI_LANES * job->element;
  const char *keys = job->keys + head * job->keys_bytes + first_key / ESHI_LANES * panel;
  const char *values = job->values + head * job->values_bytes + first_key * ESHI_LANES * job->element;
  gsize probability_row = KEYS * job->element;

  multiply (b->scores, KEYS * sizeof (float), b->q, job->d_pairs * job->element, keys, panel,
            job->d_pairs / per_step, rows, width / ESHI_LANES, FALSE, job->packed_bf16);
  for (gsize r = 0; r < rows; r++)
    {
      gsize last = p->causal ? MIN (p->s, first_query + r + 1) : p->s;
      gsize visible = last > first_key ? MIN (width, last - first_key) : 0;
      float *scores = b->scores + r * KEYS;
      char *out = b->probabilities + r * probability_row;
      Row row = { b->maximum[r], b->sum + r * ESHI_LANES, b->accumulator + r * job->d_pad };

      if (job->packed_bf16)
        soften_row (&row, scores, out, visible, width, job->d_pad, p->scale, TRUE);
      else
        soften_row (&row, scores, out, visible, width, job->d_pad, p->scale, FALSE);
      b->maximum[r] = row.maximum;
    }
  multiply (b->accumulator, job->d_pad * sizeof (float), b->probabilities, probability_row, values,
            job->s_pad * ESHI_LANES * job->element, width / per_step, rows, job->d_pad / ESHI_LANES, TRUE,
            job->packed_bf16);
}

static void
run_task (const Job *job,
          gsize      task,
          gsize      thread)
{
  const EshiCpuAttention *p = job->p;
  Buffers b = get_buffers (job, thread);
  gsize head = task / job->n_blocks;
  gsize first = task % job->n_blocks * QUERIES;
  gsize n_rows = MIN (QUERIES, p->t - first);
  gsize rows = round_up (n_rows, TILE_ROWS);
  gsize origin = (head / p->heads * p->t + first) * p->heads * p->d + head % p->heads * p->d;
  gsize end = p->causal ? MIN (job->s_pad, round_up (first + n_rows, ESHI_LANES)) : job->s_pad;

  load_queries (job, &b, origin, n_rows, rows);
  for (gsize key = 0; key < end; key += KEYS)
    add_keys (job, &b, head, first, rows, key, MIN (KEYS, end - key));
  store_rows (job, &b, origin, n_rows);
}

void
ESHI_CPU_NAME (eshi_cpu_attention) (const EshiCpuAttention *p)
{
  Job job = plan_job (p);
  gsize n_heads = p->n * p->heads;
  gsize n_panels = job.s_pad / ESHI_LANES;

#pragma omp parallel num_threads (p->n_threads) if (n_heads * p->t * p->s > ESHI_CPU_PARALLEL_MIN)
  {
    gsize thread = omp_get_thread_num ();

#pragma omp for schedule(static)
    for (gsize i = 0; i < n_heads * n_panels; i++)
      {
        pack_keys (&job, i / n_panels, i % n_panels);
        pack_values (&job, i / n_panels, i % n_panels);
      }
#pragma omp for schedule(dynamic)
    for (gsize i = 0; i < n_heads * job.n_blocks; i++)
      run_task (&job, i, thread);
  }
}

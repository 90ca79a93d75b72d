/* eshi-cpu-simd-winograd.c: 3 × 3 convolutions in f32 with a quarter of the multiplications.
 *
 * Winograd's F(4 × 4, 3 × 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): a tile of 4 × 4
 * pixels of dst depends on 6 × 6 of x. Both it and the taps are evaluated at 36 points, where the convolution is a plain
 * product of channels, and what comes of it is interpolated:
 *
 *   V = Bᵀ d B,  U = G g Gᵀ,  M[point] = V[point] · U[point],  dst = Aᵀ M A
 *
 * The points of an axis are 0, ±3/4, ±3/2 and infinity. Those that are usual, 0, ±1, ±2 and infinity, lose about twice as
 * many bits (Barabasz and others, "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
 * Networks", 2018); with these the error is about 10⁻⁶ of dst's rms, and all constants of V and dst are exact.
 *
 * U is four times as large as the taps, more than a model of full size leaves room for; so it is made anew in every run, some
 * channels of dst at a time, a strip, which does not leave the caches before it is used. Tiles, too, are taken in groups,
 * large ones, since each group costs another U. A border of one pixel is 0. Nothing depends on the number of threads: a
 * tile is computed by one of them, and the products add by channels alone.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#define SIDE 6
#define OUT (SIDE - 2)
#define N_POINTS (SIDE * SIDE)
#define TAPS 3
#define N_TAPS (TAPS * TAPS)

/* The points ±P and ±Q, their squares and cubes. */
#define P 0.75f
#define Q 1.5f
#define P2 (P * P)
#define Q2 (Q * Q)
#define P3 (P2 * P)
#define Q3 (Q2 * Q)

/* Bytes of a group's V and of a strip's U, about. */
#define GROUP_BYTES (24 * 1024 * 1024)
#define STRIP_BYTES (8 * 1024 * 1024)
#define GROUP_STEP 72 /* tiles; as many rows as a task of the product has */

/* Tiles of one task of either transform, and channels of x of one of the weight's. */
#define TASK_TILES 4
#define TASK_CHANNELS 32

/* Floats between the points' matrices beyond their elements, so that the 36 do not all fall on the same lines of a cache. */
#define POINT_GAP 16

/* Where everything lies. */
typedef struct
{
  const EshiCpuWinograd *p;
  gsize                  rows;      /* of tiles in an image */
  gsize                  columns;

  gsize                  begin;     /* the group's first tile */
  gsize                  n_tiles;   /* of the group */
  gsize                  channel;   /* the strip's first */
  gsize                  n_channels;

  gsize                  u_step;    /* floats from point to point */
  gsize                  v_step;
  gsize                  m_step;
  float                 *u;         /* [N_POINTS][⌈n_channels / ESHI_PANEL⌉][ci][ESHI_PANEL] */
  float                 *v;         /* [N_POINTS][n_tiles][ci] */
  float                 *m;         /* [N_POINTS][n_tiles][n_channels] */
} Job;

/* Where a tile's first pixel of dst is. */
typedef struct
{
  gsize image;
  gsize y;
  gsize x;
} Place;

static gsize
count_tiles (gsize pixels)
{
  return (pixels + OUT - 1) / OUT;
}

static gsize
choose_group (const EshiCpuWinograd *p)
{
  gsize most = MAX (GROUP_BYTES / (N_POINTS * p->ci * sizeof (float)) / GROUP_STEP, 1) * GROUP_STEP;
  gsize n_tiles = p->n * count_tiles (p->h) * count_tiles (p->w);
  gsize n_groups = (n_tiles + most - 1) / most;

  return (n_tiles + n_groups - 1) / n_groups;
}

static gsize
choose_strip (const EshiCpuWinograd *p)
{
  gsize most = MAX (STRIP_BYTES / (N_POINTS * p->ci * sizeof (float)) / ESHI_PANEL, 1) * ESHI_PANEL;

  return MIN (most, (p->co + ESHI_PANEL - 1) / ESHI_PANEL * ESHI_PANEL);
}

/* The largest group and strip. */
static Job
describe (const EshiCpuWinograd *p)
{
  Job job = { .p = p, .rows = count_tiles (p->h), .columns = count_tiles (p->w), .n_tiles = choose_group (p),
              .n_channels = choose_strip (p) };

  job.u_step = job.n_channels * p->ci + POINT_GAP;
  job.v_step = job.n_tiles * p->ci + POINT_GAP;
  job.m_step = job.n_tiles * job.n_channels + POINT_GAP;
  job.u = p->scratch;
  job.v = job.u + N_POINTS * job.u_step;
  job.m = job.v + N_POINTS * job.v_step;
  return job;
}

gsize
ESHI_CPU_NAME (eshi_cpu_winograd_bytes) (const EshiCpuWinograd *p)
{
  Job job = describe (p);

  return N_POINTS * (job.u_step + job.v_step + job.m_step) * sizeof (float);
}

static Place
find_place (const Job *job,
            gsize      tile)
{
  gsize i = job->begin + tile;
  gsize in_image = i % (job->rows * job->columns);

  return (Place) { i / (job->rows * job->columns), in_image / job->columns * OUT, in_image % job->columns * OUT };
}

/* One axis of Bᵀ d. */
ESHI_INLINE void
evaluate (EshiVec       *dst,
          gsize          step,
          const EshiVec  d[SIDE])
{
  EshiVec even_p = d[4] - Q2 * d[2];
  EshiVec odd_p = P * (d[3] - Q2 * d[1]);
  EshiVec even_q = d[4] - P2 * d[2];
  EshiVec odd_q = Q * (d[3] - P2 * d[1]);

  dst[0] = d[4] - (P2 + Q2) * d[2] + (P2 * Q2) * d[0];
  dst[step] = even_p + odd_p;
  dst[2 * step] = even_p - odd_p;
  dst[3 * step] = even_q + odd_q;
  dst[4 * step] = even_q - odd_q;
  dst[5 * step] = d[5] - (P2 + Q2) * d[3] + (P2 * Q2) * d[1];
}

/* One axis of Aᵀ m. */
ESHI_INLINE void
interpolate (EshiVec       *dst,
             gsize          step,
             const EshiVec  m[SIDE])
{
  EshiVec even_p = m[1] + m[2];
  EshiVec odd_p = m[1] - m[2];
  EshiVec even_q = m[3] + m[4];
  EshiVec odd_q = m[3] - m[4];

  dst[0] = m[0] + even_p + even_q;
  dst[step] = P * odd_p + Q * odd_q;
  dst[2 * step] = P2 * even_p + Q2 * even_q;
  dst[3 * step] = P3 * odd_p + Q3 * odd_q + m[5];
}

/* One axis of G g. */
ESHI_INLINE void
evaluate_taps (EshiVec       *dst,
               gsize          step,
               const EshiVec  g[TAPS])
{
  const float at_p = 1.0f / (2.0f * P2 * (P2 - Q2));
  const float at_q = 1.0f / (2.0f * Q2 * (Q2 - P2));
  EshiVec even_p = g[0] + P2 * g[2];
  EshiVec even_q = g[0] + Q2 * g[2];

  dst[0] = g[0] * (1.0f / (P2 * Q2));
  dst[step] = (even_p + P * g[1]) * at_p;
  dst[2 * step] = (even_p - P * g[1]) * at_p;
  dst[3 * step] = (even_q + Q * g[1]) * at_q;
  dst[4 * step] = (even_q - Q * g[1]) * at_q;
  dst[5 * step] = g[2];
}

/* The channels @c … of the 6 × 6 pixels of x at @pixels, NULL for those of the border, to every point. */
ESHI_INLINE void
transform_pixels (const Job          *job,
                  const float *const  pixels[SIDE][SIDE],
                  gsize               tile,
                  gsize               c)
{
  float *v = job->v + tile * job->p->ci + c;
  EshiVec half[SIDE][SIDE];
  EshiVec all[SIDE];
  EshiVec d[SIDE];

  for (gsize x = 0; x < SIDE; x++)
    {
      for (gsize y = 0; y < SIDE; y++)
        d[y] = pixels[y][x] != NULL ? eshi_vec_load (pixels[y][x], c, FALSE) : eshi_vec_set1 (0.0f);
      evaluate (&half[0][x], SIDE, d);
    }
  for (gsize y = 0; y < SIDE; y++)
    {
      evaluate (all, 1, half[y]);
      for (gsize x = 0; x < SIDE; x++)
        eshi_vec_store (v, (y * SIDE + x) * job->v_step, all[x], FALSE);
    }
}

static void
transform_tile (const Job *job,
                gsize      tile)
{
  const EshiCpuWinograd *p = job->p;
  Place place = find_place (job, tile);
  guint half = p->doubled ? 1 : 0;
  const float *image = p->x + place.image * (p->h >> half) * (p->w >> half) * p->ci;
  const float *pixels[SIDE][SIDE];

  /* Before the first row and column lies what wraps around to beyond the last. */
  for (gsize i = 0; i < N_POINTS; i++)
    {
      gsize y = place.y + i / SIDE - 1;
      gsize x = place.x + i % SIDE - 1;
      gboolean inside = y < p->h && x < p->w;

      pixels[i / SIDE][i % SIDE] = inside ? image + ((y >> half) * (p->w >> half) + (x >> half)) * p->ci : NULL;
    }
  for (gsize c = 0; c < p->ci; c += ESHI_LANES)
    transform_pixels (job, pixels, tile, c);
}

/* Vector @c of pixel @i, as an offset in dst, of which @n channels exist. */
ESHI_INLINE void
finish_vector (const EshiCpuWinograd *p,
               EshiVec                x,
               gsize                  i,
               gsize                  c,
               gsize                  n)
{
  if (p->bias != NULL)
    x += n == ESHI_LANES ? eshi_vec_load (p->bias, c, FALSE) : eshi_vec_load_n (p->bias, c, n, FALSE);
  if (p->residual != NULL)
    x += n == ESHI_LANES ? eshi_vec_load (p->residual, i + c, FALSE) : eshi_vec_load_n (p->residual, i + c, n, FALSE);
  if (n == ESHI_LANES)
    eshi_vec_store (p->dst, i + c, x, FALSE);
  else
    eshi_vec_store_n (p->dst, i + c, n, x, FALSE);
}

/* The channels @c … of the strip of a tile, of which @n exist. */
ESHI_INLINE void
finish_channels (const Job   *job,
                 const Place *place,
                 gsize        tile,
                 gsize        c,
                 gsize        n)
{
  const EshiCpuWinograd *p = job->p;
  const float *m = job->m + tile * job->n_channels + c;
  EshiVec half[OUT][SIDE];
  EshiVec all[OUT];
  EshiVec points[SIDE];

  for (gsize x = 0; x < SIDE; x++)
    {
      for (gsize y = 0; y < SIDE; y++)
        {
          const float *at = m + (y * SIDE + x) * job->m_step;

          points[y] = n == ESHI_LANES ? eshi_vec_load (at, 0, FALSE) : eshi_vec_load_n (at, 0, n, FALSE);
        }
      interpolate (&half[0][x], SIDE, points);
    }
  for (gsize y = 0; y < OUT && place->y + y < p->h; y++)
    {
      interpolate (all, 1, half[y]);
      for (gsize x = 0; x < OUT && place->x + x < p->w; x++)
        finish_vector (p, all[x], ((place->image * p->h + place->y + y) * p->w + place->x + x) * p->co,
                       job->channel + c, n);
    }
}

static void
finish_tile (const Job *job,
             gsize      tile)
{
  Place place = find_place (job, tile);
  gsize c = 0;

  for (; c + ESHI_LANES <= job->n_channels; c += ESHI_LANES)
    finish_channels (job, &place, tile, c, ESHI_LANES);
  if (c < job->n_channels)
    finish_channels (job, &place, tile, c, job->n_channels - c);
}

/* The taps of one channel of x and a panel, from element @at of the weight on, to U. */
ESHI_INLINE void
transform_taps (const Job *job,
                float     *u,
                gsize      at,
                EshiDType  dtype)
{
  for (gsize v = 0; v < ESHI_PANEL; v += ESHI_LANES)
    {
      EshiVec half[SIDE][TAPS];
      EshiVec all[SIDE];
      EshiVec g[TAPS];

      for (gsize x = 0; x < TAPS; x++)
        {
          for (gsize y = 0; y < TAPS; y++)
            g[y] = eshi_vec_load_weight (job->p->weight, at + (y * TAPS + x) * ESHI_PANEL + v, dtype);
          evaluate_taps (&half[0][x], TAPS, g);
        }
      for (gsize y = 0; y < SIDE; y++)
        {
          evaluate_taps (all, 1, half[y]);
          for (gsize x = 0; x < SIDE; x++)
            eshi_vec_store (u, (y * SIDE + x) * job->u_step + v, all[x], FALSE);
        }
    }
}

/* TASK_CHANNELS channels of x, or what is left of them, of one of the strip's panels. */
ESHI_INLINE void
transform_weight (const Job *job,
                  gsize      panel,
                  gsize      begin,
                  EshiDType  dtype)
{
  gsize ci = job->p->ci;
  float *u = job->u + panel * ci * ESHI_PANEL;
  gsize at = (job->channel / ESHI_PANEL + panel) * ci;

  for (gsize c = begin; c < MIN (begin + TASK_CHANNELS, ci); c++)
    transform_taps (job, u + c * ESHI_PANEL, (at + c) * N_TAPS * ESHI_PANEL, dtype);
}

/* Task @i of making the strip's U. */
static void
run_weight_task (const Job *job,
                 gsize      i)
{
  gsize n = (job->p->ci + TASK_CHANNELS - 1) / TASK_CHANNELS;
  gsize begin = i % n * TASK_CHANNELS;

  if (job->p->weight_dtype == ESHI_DTYPE_F32)
    transform_weight (job, i / n, begin, ESHI_DTYPE_F32);
  else if (job->p->weight_dtype == ESHI_DTYPE_F16)
    transform_weight (job, i / n, begin, ESHI_DTYPE_F16);
  else
    transform_weight (job, i / n, begin, ESHI_DTYPE_BF16);
}

static void
run_strip (const Job *job)
{
  const EshiCpuWinograd *p = job->p;
  gsize n_panels = (job->n_channels + ESHI_PANEL - 1) / ESHI_PANEL;
  void (*multiply) (const EshiCpuProduct *) = ESHI_CPU_NAME (eshi_cpu_product);
  EshiCpuProduct product = { .x = job->v, .weight = job->u, .dst = job->m, .m = job->n_tiles, .k = p->ci,
                             .n = job->n_channels, .batch = N_POINTS, .x_step = job->v_step,
                             .weight_step = job->u_step, .dst_step = job->m_step };

#pragma omp parallel for schedule(dynamic)
  for (gsize i = 0; i < n_panels * ((p->ci + TASK_CHANNELS - 1) / TASK_CHANNELS); i++)
    run_weight_task (job, i);
  multiply (&product);
#pragma omp parallel for schedule(dynamic, TASK_TILES)
  for (gsize i = 0; i < job->n_tiles; i++)
    finish_tile (job, i);
}

static void
run_group (Job *job)
{
  gsize most = choose_strip (job->p);

#pragma omp parallel for schedule(dynamic, TASK_TILES)
  for (gsize i = 0; i < job->n_tiles; i++)
    transform_tile (job, i);
  for (job->channel = 0; job->channel < job->p->co; job->channel += most)
    {
      job->n_channels = MIN (most, job->p->co - job->channel);
      run_strip (job);
    }
}

void
ESHI_CPU_NAME (eshi_cpu_winograd) (const EshiCpuWinograd *p)
{
  gsize n_tiles = p->n * count_tiles (p->h) * count_tiles (p->w);
  Job job = describe (p);
  gsize most = job.n_tiles;

  for (; job.begin < n_tiles; job.begin += most)
    {
      job.n_tiles = MIN (most, n_tiles - job.begin);
      run_group (&job);
    }
}

/* eshi-cpu-amx-conv.c: 3 × 3 convolutions of channels-last bf16 images on AMX's tiles.
 *
 * A product has 32 pixels × 32 channels of dst, four tiles of sums, and for each tap and 32 channels of x four tiles
 * are loaded and four multiplied. The tiles of x are 16 neighbouring pixels × 32 channels, the same for every tap, but
 * shifted. To make them contiguous, with a border of zeros and spread over all sets of the caches, a band of rows is
 * first copied to planes of 32 channels. Two images are interleaved pixel by pixel: rows of eight pixels then fill a
 * tile, too. With a stride of 2 pixels are sorted by the parity of row and column.
 *
 * What bounds the speed is how many operands come from L1. So the sums of a group of pixels travel between tiles and
 * memory: the weights of few channels of x [taps, 32, 32] pass all pixels of a group before the next ones come. Next
 * weights, pixels and sums are prefetched meanwhile. A band's planes stay in L2, and weights are read in the order in
 * which they lie. docs/speed.md has the figures, and what was tried in vain.
 *
 * It refuses channels that do not fill tiles, and kernels other than 3 × 3.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-amx-tiles.h"
#include "eshi-cpu-amx.h"

#include <omp.h>

#define TAPS        3
#define FOLDED_TAPS 2
#define LANES       ESHI_AMX_DEPTH                 /* channels of a plane, and of dst in a product */
#define SUMS        (4 * ESHI_AMX_BYTES)           /* bytes of a product's sums */
#define SUMS_LINES  8                              /* of a product's sums to fetch with each tap: all with the eighth */
#define TAP_SIZE    (2 * ESHI_AMX_ROWS * LANES)    /* elements of a tap's weights */

/* Products that share the weights in L1 before the next ones come, and what a band aims at. */
#define GROUP      16
#define BAND_BYTES (1024 * 1024)

/* Planes whose taps are summed between two journeys of the sums. Nine or eight taps are 18 or 16 KB of L1's 48. */
#define CHUNK        1
#define FOLDED_CHUNK 2

/* The same for all tasks of a run. */
typedef struct
{
  const EshiCpuAmxConv *p;
  gsize together;   /* images that are interleaved */
  gsize n_planes;
  gsize columns;    /* of a plane, without the factor @together */
  gsize lines;      /* of a plane */
  gsize parity;     /* elements between the parts of a plane with a stride of 2 */
  gsize pitch;      /* elements of a plane */
  gsize rows;       /* of dst in a band; before doubling */
  gsize n_bands;    /* of all images */
  gsize n_tiles;    /* in a row */
  gsize n_blocks;   /* of LANES channels of dst */
  gsize task_blocks; /* of these in a task */
  gsize n_phases;
  gsize n_taps;
  gsize chunk;
} Job;

/* The part of a run that a thread does at a time: all images of a pair, some rows, some channels. */
typedef struct
{
  const Job *job;
  guint16   *planes; /* [n_planes, lines, columns, together, LANES] */
  float     *sums;   /* [group, 4, 16, 16] */
  gsize      image;  /* the first */
  gsize      row;
  gsize      n_rows;
  gsize      phase;
  gsize      offset[TAPS * TAPS]; /* of each tap, in elements */
} Band;

/* 16 pixels of a row of dst. */
typedef struct
{
  gsize row;    /* in the band */
  gsize column; /* of tiles */
} Tile;

static gsize
divide_up (gsize a,
           gsize b)
{
  return (a + b - 1) / b;
}

/* Rows of dst to a band: so many that a group is full, or half full where planes are read for four phases or are four
 * times as large, and, as long as they fit, more. Of these, a number that gives every thread the same. Even, so that tiles pair. */
static gsize
choose_rows (const Job *job)
{
  const EshiCpuAmxConv *p = job->p;
  gsize group = p->doubled || p->stride == 2 ? GROUP / 2 : GROUP;
  gsize needed = 2 * divide_up (group, job->n_tiles);
  gsize line_bytes = job->n_planes * p->stride * p->stride * job->columns * job->together * LANES * sizeof (guint16);
  gsize limit = MIN (MAX (needed, BAND_BYTES / line_bytes - MIN (BAND_BYTES / line_bytes, 2)), p->h_out);
  gsize best = MIN (needed, p->h_out);
  gsize best_cost = G_MAXSIZE;

  for (gsize rows = best; rows <= limit; rows += 2)
    {
      gsize cost = divide_up (p->n / job->together * divide_up (p->h_out, rows), p->n_threads) * rows;

      if (cost <= best_cost)
        best = rows;
      best_cost = MIN (cost, best_cost);
    }
  return best;
}

static Job
plan_job (const EshiCpuAmxConv *p)
{
  Job job = { .p = p, .together = p->n % 2 == 0 ? 2 : 1, .n_planes = p->ci / LANES, .n_blocks = p->co / LANES,
              .n_phases = p->doubled ? FOLDED_TAPS * FOLDED_TAPS : 1,
              .n_taps = p->doubled ? FOLDED_TAPS * FOLDED_TAPS : TAPS * TAPS,
              .chunk = p->doubled ? FOLDED_CHUNK : CHUNK };
  gsize per_image = 0;

  job.columns = p->w_out + (TAPS - 1) / p->stride;
  job.n_tiles = divide_up (p->w_out * job.together, ESHI_AMX_ROWS);
  job.rows = choose_rows (&job);
  per_image = divide_up (p->h_out, job.rows);
  job.n_bands = p->n / job.together * per_image;
  job.lines = job.rows + (TAPS - 1) / p->stride;
  job.parity = job.lines * job.columns * job.together * LANES;
  /* The last tile of a row may reach beyond its end. An odd number of cache lines spreads planes over L1's sets. */
  job.pitch = ((p->stride * p->stride * job.parity / LANES + ESHI_AMX_ROWS) | 1) * LANES;
  job.task_blocks = CLAMP (job.n_blocks * job.n_bands / (2 * p->n_threads), 1, job.n_blocks);
  if (job.n_bands == 1)
    job.task_blocks = 1;
  return job;
}

static gsize
thread_bytes (const Job *job)
{
  gsize planes = job->n_planes * job->pitch * sizeof (guint16);

  return divide_up (planes + GROUP * SUMS, 4096) * 4096;
}

gsize
eshi_cpu_amx_conv_bytes (const EshiCpuAmxConv *p)
{
  Job job = plan_job (p);

  return thread_bytes (&job) * p->n_threads;
}

/* @dst [n_planes, …] = one pixel, @src [ci], or zeros. */
static inline void
copy_pixel (const Job     *job,
            guint16       *dst,
            const guint16 *src)
{
  for (gsize i = 0; i < job->n_planes; i++)
    _mm512_store_si512 (dst + i * job->pitch,
                        src != NULL ? _mm512_loadu_si512 (src + i * LANES) : _mm512_setzero_si512 ());
}

/* A line of the padded images, @line counted from the band's first, to the planes. */
static void
copy_line (const Band *band,
           gsize       line)
{
  const Job *job = band->job;
  const EshiCpuAmxConv *p = job->p;
  gsize stride = p->stride;
  gsize y = band->row * stride + line - p->top; /* wraps above the image */

  for (gsize column = 0; column < job->columns * stride; column++)
    {
      gsize x = column - p->left;
      guint16 *dst = band->planes + (line % stride * stride + column % stride) * job->parity +
                     (line / stride * job->columns + column / stride) * job->together * LANES;

      for (gsize i = 0; i < job->together; i++)
        copy_pixel (job, dst + i * LANES,
                    y < p->h && x < p->w ? p->x + (((band->image + i) * p->h + y) * p->w + x) * p->ci : NULL);
    }
}

static void
begin_band (Band  *band,
            gsize  index)
{
  const Job *job = band->job;
  const EshiCpuAmxConv *p = job->p;
  gsize per_image = divide_up (p->h_out, job->rows);

  band->image = index / per_image * job->together;
  band->row = index % per_image * job->rows;
  band->n_rows = MIN (job->rows, p->h_out - band->row);
  for (gsize line = 0; line < p->stride * (band->n_rows + (TAPS - 1) / p->stride); line++)
    copy_line (band, line);
  eshi_amx_finish_writes ();
}

static void
begin_phase (Band  *band,
             gsize  phase)
{
  const Job *job = band->job;
  gsize stride = job->p->stride;
  gsize side = job->p->doubled ? FOLDED_TAPS : TAPS;

  band->phase = phase;
  for (gsize i = 0; i < side * side; i++)
    {
      gsize y = i / side + phase / 2;
      gsize x = i % side + phase % 2;

      band->offset[i] = (y % stride * stride + x % stride) * job->parity +
                        (y / stride * job->columns + x / stride) * job->together * LANES;
    }
}

/* Tile @index of the band. Two that follow each other lie above each other, where they see most of the same pixels. */
static Tile
find_tile (const Band *band,
           gsize       index)
{
  gsize n = band->job->n_tiles;
  gsize pair = index / (2 * n) * 2;
  gsize rest = index % (2 * n);

  if (pair + 1 < band->n_rows)
    return (Tile) { pair + rest % 2, rest / 2 };
  return (Tile) { pair, rest };
}

/* A part of a product: both tiles of x, and where the sums are. */
typedef struct
{
  const guint16 *x[2];
  const guint16 *weight;    /* [chunk, taps, 2, 16, 16, 2] */
  const float   *sums;      /* [2, 2, 16, 16]: tiles of pixels, of channels */
  float         *last_sums; /* of the part before, whose tiles are still in their registers */
  const gsize   *offset;    /* [taps] */
  gsize          pitch;
  gsize          n_planes;
  gboolean       first;
  const char    *next_weight;
  gsize          n_lines;   /* to fetch of it with each tap */
  const char    *next_sums;
  const char    *next_x;
  gsize          line_bytes; /* of a plane */
  gsize          n_columns; /* to fetch of it */
} Part;

static inline __attribute__ ((always_inline)) void
fetch (const char *address,
       gsize       n_lines)
{
  for (gsize i = 0; i < n_lines; i++)
    _mm_prefetch (address + i * 64, _MM_HINT_T0);
}

/* What tap @tap has of the next tiles' pixels: rows of 16 and their neighbours, a half or a whole one. */
static inline __attribute__ ((always_inline)) void
fetch_pixels (const Part *part,
              gsize       tap,
              gsize       n_taps)
{
  gsize half = part->n_columns / 2;

  if (n_taps == FOLDED_TAPS * FOLDED_TAPS && tap < n_taps - 1)
    fetch (part->next_x + tap * part->line_bytes, part->n_columns);
  else if (n_taps == TAPS * TAPS && tap < n_taps - 1)
    fetch (part->next_x + tap / 2 * part->line_bytes + tap % 2 * half * 64, half);
}

/* A tile of the last part's sums gives way to one of this part's. A store waits for the tile's last product, and the
 * tile's next product for the store, so it stands where others run. GCC knows tiles by constants alone. */
#define CHANGE_SUMS(tile, part)                                                     \
  do                                                                                \
    {                                                                               \
      _tile_stored (tile, (part)->last_sums + (tile) * SUMS / 4 / sizeof (float), 64); \
      if ((part)->first)                                                            \
        _tile_zero (tile);                                                          \
      else                                                                          \
        _tile_loadd (tile, (part)->sums + (tile) * SUMS / 4 / sizeof (float), 64);  \
    }                                                                               \
  while (0)

static inline __attribute__ ((always_inline)) void
store_sums (float *sums)
{
  const gsize step = ESHI_AMX_BYTES / sizeof (float);

  _tile_stored (0, sums, 64);
  _tile_stored (1, sums + step, 64);
  _tile_stored (2, sums + 2 * step, 64);
  _tile_stored (3, sums + 3 * step, 64);
  eshi_amx_finish_writes ();
}

/* The product of a tap; with the first one of a part its sums come. */
static inline __attribute__ ((always_inline)) void
multiply_tap (const Part    *part,
              gsize          offset,
              const guint16 *weight,
              gboolean       begins)
{
  _tile_loadd (4, part->x[0] + offset, 64);
  _tile_loadd (6, weight, 64);
  if (begins)
    CHANGE_SUMS (0, part);
  _tile_dpbf16ps (0, 4, 6);
  _tile_loadd (7, weight + TAP_SIZE / 2, 64);
  if (begins)
    CHANGE_SUMS (1, part);
  _tile_dpbf16ps (1, 4, 7);
  _tile_loadd (5, part->x[1] + offset, 64);
  if (begins)
    CHANGE_SUMS (2, part);
  _tile_dpbf16ps (2, 5, 6);
  if (begins)
    CHANGE_SUMS (3, part);
  _tile_dpbf16ps (3, 5, 7);
}

static inline __attribute__ ((always_inline)) void
multiply_part (const Part *part,
               gsize       n_taps)
{
  const guint16 *weight = part->weight;
  const char *next_weight = part->next_weight;
  const char *next_sums = part->next_sums;

  for (gsize plane = 0; plane < part->n_planes; plane++)
    for (gsize tap = 0; tap < n_taps; tap++)
      {
        multiply_tap (part, plane * part->pitch + part->offset[tap], weight, plane == 0 && tap == 0);
        fetch (next_weight, part->n_lines);
        fetch (next_sums, SUMS_LINES);
        fetch_pixels (part, tap, n_taps);
        weight += TAP_SIZE;
        next_weight += part->n_lines * 64;
        next_sums += SUMS_LINES * 64;
      }
  eshi_amx_finish_writes ();
}

/* Compiled twice, so that the taps are a constant. */
static void
multiply (const Part *part,
          gsize       n_taps)
{
  if (n_taps == TAPS * TAPS)
    multiply_part (part, TAPS * TAPS);
  else
    multiply_part (part, FOLDED_TAPS * FOLDED_TAPS);
}

/* Number of the pixel of dst that the first lane of @tile is, of the image @image of those that are together. */
static gsize
find_pixel (const Band *band,
            Tile        tile,
            gsize       image)
{
  const EshiCpuAmxConv *p = band->job->p;
  gsize row = (band->image + image) * p->h_out + band->row + tile.row;
  gsize x = tile.column * ESHI_AMX_ROWS / band->job->together;

  if (p->doubled)
    return (2 * row + band->phase / 2) * 2 * p->w_out + 2 * x + band->phase % 2;
  return row * p->w_out + x;
}

static inline __m512
widen (__m256i half)
{
  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (half), 16));
}

/* LANES channels of a pixel: @sums [2] of 16 each, @bias [LANES], @residual [LANES] or NULL, @dst [LANES]. */
static inline void
finish_pixel (guint16       *dst,
              const float   *sums,
              const __m512  *bias,
              const guint16 *residual)
{
  __m512 low = _mm512_add_ps (_mm512_load_ps (sums), bias[0]);
  __m512 high = _mm512_add_ps (_mm512_load_ps (sums + ESHI_AMX_BYTES / sizeof *sums), bias[1]);

  if (residual != NULL)
    {
      low = _mm512_add_ps (low, widen (_mm256_loadu_si256 ((const void *) residual)));
      high = _mm512_add_ps (high, widen (_mm256_loadu_si256 ((const void *) (residual + 16))));
    }
  _mm512_storeu_si512 (dst, (__m512i) _mm512_cvtne2ps_pbh (high, low));
}

/* dst = the sums of one tile of pixels, [2, 16, 16], + bias + residual, for the channels from @channel on. */
static void
finish_tile (const Band  *band,
             Tile         tile,
             const float *sums,
             gsize        channel)
{
  const EshiCpuAmxConv *p = band->job->p;
  gsize together = band->job->together;
  gsize n_lanes = MIN (ESHI_AMX_ROWS, p->w_out * together - tile.column * ESHI_AMX_ROWS);
  gsize step = (p->doubled ? 2 : 1) * p->co;
  __m512 bias[2] = { _mm512_setzero_ps (), _mm512_setzero_ps () };

  for (gsize i = 0; i < 2 && p->bias != NULL; i++)
    bias[i] = _mm512_loadu_ps (p->bias + channel + i * 16);
  for (gsize image = 0; image < together; image++)
    {
      gsize at = find_pixel (band, tile, image) * p->co + channel;

      for (gsize lane = image; lane < n_lanes; lane += together, at += step)
        finish_pixel (p->dst + at, sums + lane * 16, bias, p->residual != NULL ? p->residual + at : NULL);
    }
}

/* Tiles of pixels whose sums travel together, in pairs; an odd one is its own companion. */
typedef struct
{
  gsize n;
  gsize channel; /* of dst, the first */
  Tile  tile[2 * GROUP];
  gsize offset[2 * GROUP + 1]; /* of each, in elements of a plane, and of what comes after the last: the first again */
} Group;

static void
begin_group (const Band *band,
             Group      *group,
             gsize       first)
{
  gsize row = band->job->columns * band->job->together;

  for (gsize i = 0; i < group->n; i++)
    {
      group->tile[i] = find_tile (band, first + i);
      group->offset[i] = (group->tile[i].row * row + group->tile[i].column * ESHI_AMX_ROWS) * LANES;
    }
  group->offset[group->n] = group->offset[group->n - 1];
}

static void
finish_product (const Band  *band,
                const Group *group,
                gsize        product,
                const float *sums)
{
  for (gsize i = 2 * product; i < MIN (2 * product + 2, group->n); i++)
    finish_tile (band, group->tile[i], sums + i % 2 * SUMS / sizeof *sums / 2, group->channel);
}

/* The last product's sums are still in tiles. */
static void
finish_group (const Band  *band,
              const Group *group)
{
  gsize last = divide_up (group->n, 2) - 1;
  float *sums = band->sums + last * SUMS / sizeof *sums;

  store_sums (sums);
  finish_product (band, group, last, sums);
}

static void
multiply_chunk (const Band    *band,
                const Group   *group,
                gsize          plane,
                const guint16 *weight)
{
  const Job *job = band->job;
  const guint16 *x = band->planes + plane * job->pitch;
  gsize n_products = divide_up (group->n, 2);
  gsize n_planes = MIN (job->chunk, job->n_planes - plane);
  Part part = { .weight = weight, .offset = band->offset, .pitch = job->pitch, .n_planes = n_planes,
                .first = plane == 0, .next_weight = (const char *) (weight + n_planes * job->n_taps * TAP_SIZE),
                .n_lines = divide_up (TAP_SIZE * sizeof *weight / 64, n_products),
                .line_bytes = job->columns * job->together * LANES * sizeof *weight,
                .n_columns = job->p->stride == 1 ? ESHI_AMX_ROWS + 2 * job->together : 0 };

  for (gsize i = 0; i < n_products; i++)
    {
      gboolean last = i + 1 == n_products;

      part.last_sums = band->sums + (i > 0 ? i - 1 : n_products - 1) * SUMS / sizeof (float);
      part.sums = band->sums + i * SUMS / sizeof (float);
      part.x[0] = x + group->offset[2 * i];
      part.x[1] = x + group->offset[2 * i + 1];
      part.next_sums = (const char *) band->sums + (last ? 0 : i + 1) * SUMS;
      part.next_x = (const char *) (x + band->offset[0] + group->offset[last ? 0 : 2 * i + 2] +
                                    (last ? n_planes * job->pitch : 0));
      multiply (&part, job->n_taps);
      part.next_weight += part.n_lines * 64 * n_planes * job->n_taps;
      if (plane + n_planes == job->n_planes && i > 0)
        finish_product (band, group, i - 1, part.last_sums);
    }
}

/* All of a band's pixels for the channels of block @block. */
static void
multiply_block (const Band *band,
                gsize       block)
{
  const Job *job = band->job;
  gsize n = band->n_rows * job->n_tiles;
  const guint16 *weight = job->p->weight +
                          (band->phase * job->n_blocks + block) * job->n_planes * job->n_taps * TAP_SIZE;

  for (gsize tile = 0; tile < n; tile += 2 * GROUP)
    {
      Group group;

      group.n = MIN (2 * GROUP, n - tile);
      group.channel = block * LANES;
      begin_group (band, &group, tile);
      for (gsize plane = 0; plane < job->n_planes; plane += job->chunk)
        multiply_chunk (band, &group, plane, weight + plane * job->n_taps * TAP_SIZE);
      finish_group (band, &group);
    }
}

static void
run_task (Band  *band,
          gsize  begin,
          gsize  end)
{
  for (gsize phase = 0; phase < band->job->n_phases; phase++)
    {
      begin_phase (band, phase);
      for (gsize block = begin; block < end; block++)
        multiply_block (band, block);
    }
}

void
eshi_cpu_amx_conv (const EshiCpuAmxConv *p)
{
  Job job = plan_job (p);
  gsize per_band = divide_up (job.n_blocks, job.task_blocks);

#pragma omp parallel num_threads (p->n_threads)
  {
    char *workspace = p->workspace + omp_get_thread_num () * thread_bytes (&job);
    Band band = { .job = &job, .planes = (guint16 *) (workspace + GROUP * SUMS), .sums = (float *) workspace };
    gsize copied = G_MAXSIZE;

    eshi_amx_configure (NULL, NULL);
#pragma omp for schedule(dynamic)
    for (gsize task = 0; task < job.n_bands * per_band; task++)
      {
        gsize begin = task % per_band * job.task_blocks;

        if (copied != task / per_band)
          begin_band (&band, task / per_band);
        copied = task / per_band;
        run_task (&band, begin, MIN (begin + job.task_blocks, job.n_blocks));
      }
    eshi_amx_release ();
  }
}

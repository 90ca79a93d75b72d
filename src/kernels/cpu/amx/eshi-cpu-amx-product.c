/* eshi-cpu-amx-product.c: rows of bf16 times a packed matrix: linear layers, 1×1 convolutions, GEGLU.
 *
 * x is read as the graph has it: a tile is 16 rows of 32 terms, wherever they lie. The weight is packed, so that what a
 * step needs lies in a row. A block of sums is four tiles, 32 rows and 32 columns; it takes two tiles of x and two of the
 * weight in each step. A tile of sums is stored where the next block needs its register, in that block's first step: the
 * store waits for the tile's last product, and others run meanwhile.
 *
 * Tasks go by rows: 32 rows stay in the first cache while the blocks of the task take them in turn; the weight of these
 * blocks stays in the second, and the rows that come next are fetched meanwhile. Where all of x has room in the second
 * cache and not even 32 rows in the first, the weight is what comes from afar, once. Tasks go by blocks then, and the
 * weight of the next block is fetched meanwhile.
 *
 * What is done with finished sums (bias, activation, residual, GEGLU) takes vectors, which are idle while tiles are multiplied.
 * So a block is finished a few rows at a time between the next one's steps after the first.
 *
 * Which terms are added in which order is a matter of k alone. The last rows are computed with some before them, to make
 * 32, of which only the last are written.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <omp.h>

#include "eshi-cpu-amx-tiles.h"
#include "eshi-cpu-amx.h"
#include "simd/eshi-cpu-simd.h"

#define ROWS       ESHI_CPU_AMX_ROWS
#define COLUMNS    32                   /* of a block: two tiles */
#define STEP_BYTES (2 * ESHI_AMX_BYTES) /* of the weight */

/* Of the weight, for a task that goes by rows: with the rows that pass by, it has to stay in a second cache of 2 MiB. */
#define TASK_BYTES  (800 * 1024)
#define TASK_ROWS   512

/* Of x, for tasks that go by blocks: the same the other way round. */
#define X_BYTES     (1400 * 1000)
#define TASK_BLOCKS 20

#define FIRST_CACHE_TERMS 640 /* of ROWS rows in a first cache of 48 KiB: 40 */
#define MAX_LINES         8   /* fetched in a step */

/* m · k · blocks: what a thread multiplies in the time in which another one wakes up, some microseconds. */
#define PARALLEL_MIN (1 << 16)

/* A block of sums that is to be finished. */
typedef struct
{
  const float    *sums;     /* [ROWS, COLUMNS]; GEGLU: 16 values, then their 16 gates */
  const float    *bias;     /* of the first 16 columns; of the others */
  const float    *bias_right;
  const char     *residual; /* nullable */
  char           *dst;      /* of row 0 */
  gsize           stride;   /* of the rows of both, bytes */
  gsize           row;      /* the next one */
  gsize           row_end;
  EshiActivation  act;
} Finish;

/* Lines of 64 bytes that are to be fetched. */
typedef struct
{
  const char *next;
  const char *end;
  gsize       lines; /* at each step */
} Fetch;

/* Rows and blocks of columns. */
typedef struct
{
  gsize row;
  gsize row_end;
  gsize block;
  gsize block_end;
} Area;

typedef struct
{
  const EshiCpuAmxProduct *p;
  gsize                    x_stride;    /* bytes */
  gsize                    dst_stride;
  gsize                    n_steps;     /* of 32 terms */
  gsize                    block_bytes; /* of the weight */
  gsize                    width;       /* columns of dst that a block makes */
  gsize                    pace;        /* rows that are finished in a step after the first */
  Finish                   finish;
  Fetch                    fetch;
  float                    sums[ROWS * COLUMNS] __attribute__ ((aligned (64)));
} Task;

/* gelu (x) to 3e-5, where bf16 has 4e-3 of a value: a polynomial fitted on |x| < 4.4, beyond which it is x or 0. Its
 * argument runs from −1 to 1, so that no large terms cancel. */
ESHI_INLINE EshiVec
gelu_coarse (EshiVec x)
{
  EshiVec c = eshi_vec_min (eshi_vec_set1 (4.4f), eshi_vec_max (eshi_vec_set1 (-4.4f), x));
  EshiVec t = c * c * 0.103305785f - 1.0f;
  EshiVec p = (((2.7517057e-3f * t - 7.8833625e-3f) * t + 1.0991797e-2f) * t - 1.5978068e-2f) * t + 2.6800260e-2f;

  p = (((p * t - 4.0088847e-2f) * t + 5.5250812e-2f) * t - 7.8612342e-2f) * t + 0.16040441f;
  return x * (c * p + 0.5f);
}

ESHI_INLINE void
finish_geglu (const Finish *f)
{
  const float *sums = f->sums + f->row * COLUMNS;
  EshiVec value = eshi_vec_load (sums, 0, FALSE) + eshi_vec_load (f->bias, 0, FALSE);
  EshiVec gate = eshi_vec_load (sums, ESHI_LANES, FALSE) + eshi_vec_load (f->bias_right, 0, FALSE);

  eshi_vec_store (f->dst + f->row * f->stride, 0, value * gelu_coarse (gate), TRUE);
}

ESHI_INLINE void
finish_linear (const Finish *f)
{
  const float *sums = f->sums + f->row * COLUMNS;
  EshiVec a = eshi_vec_load (sums, 0, FALSE) + eshi_vec_load (f->bias, 0, FALSE);
  EshiVec b = eshi_vec_load (sums, ESHI_LANES, FALSE) + eshi_vec_load (f->bias_right, 0, FALSE);

  if (f->act != ESHI_ACT_NONE)
    {
      a = eshi_vec_activate (a, f->act);
      b = eshi_vec_activate (b, f->act);
    }
  if (f->residual != NULL)
    {
      a += eshi_vec_load (f->residual + f->row * f->stride, 0, TRUE);
      b += eshi_vec_load (f->residual + f->row * f->stride, ESHI_LANES, TRUE);
    }
  _mm512_storeu_si512 (f->dst + f->row * f->stride, (__m512i) _mm512_cvtne2ps_pbh ((__m512) b, (__m512) a));
}

/* At most @n rows of what is to be finished. */
ESHI_INLINE void
finish_rows (Finish   *f,
             gsize     n,
             gboolean  geglu)
{
  for (gsize end = MIN (f->row_end, f->row + n); f->row < end; f->row++)
    {
      if (geglu)
        finish_geglu (f);
      else
        finish_linear (f);
    }
}

ESHI_INLINE void
fetch_lines (Fetch *f)
{
  for (gsize i = 0; i < f->lines && f->next < f->end; i++, f->next += 64)
    _mm_prefetch (f->next, _MM_HINT_T1);
}

ESHI_INLINE void
store_sums (float *sums)
{
  _tile_stored (0, sums, COLUMNS * sizeof (float));
  _tile_stored (1, sums + 16, COLUMNS * sizeof (float));
  _tile_stored (2, sums + 16 * COLUMNS, COLUMNS * sizeof (float));
  _tile_stored (3, sums + 16 * COLUMNS + 16, COLUMNS * sizeof (float));
  eshi_amx_finish_writes ();
}

/* One step: the tiles of 16 rows at @x and @x_low, whose rows have @stride, times the two at @weight. These pass the
 * first cache by, where the rows are to stay. */
ESHI_INLINE void
add_step (const char *x,
          const char *x_low,
          gsize       stride,
          const char *weight)
{
  _tile_loadd (4, x, stride);
  _tile_stream_loadd (6, weight, 64);
  _tile_dpbf16ps (0, 4, 6);
  _tile_stream_loadd (7, weight + ESHI_AMX_BYTES, 64);
  _tile_dpbf16ps (1, 4, 7);
  _tile_loadd (5, x_low, stride);
  _tile_dpbf16ps (2, 5, 6);
  _tile_dpbf16ps (3, 5, 7);
}

/* Stores a tile of the last block's sums and clears it. GCC knows tiles by constants alone. */
#define CHANGE_SUMS(tile, dst)                          \
  do                                                    \
    {                                                   \
      _tile_stored (tile, dst, COLUMNS * sizeof (float)); \
      _tile_zero (tile);                                \
    }                                                   \
  while (0)

/* add_step() for the first step of a block; @sums gets those of the last one. */
ESHI_INLINE void
add_first_step (const char *x,
                const char *x_low,
                gsize       stride,
                const char *weight,
                float      *sums)
{
  _tile_loadd (4, x, stride);
  _tile_stream_loadd (6, weight, 64);
  CHANGE_SUMS (0, sums);
  _tile_dpbf16ps (0, 4, 6);
  _tile_stream_loadd (7, weight + ESHI_AMX_BYTES, 64);
  CHANGE_SUMS (1, sums + 16);
  _tile_dpbf16ps (1, 4, 7);
  _tile_loadd (5, x_low, stride);
  CHANGE_SUMS (2, sums + 16 * COLUMNS);
  _tile_dpbf16ps (2, 5, 6);
  CHANGE_SUMS (3, sums + 16 * COLUMNS + 16);
  _tile_dpbf16ps (3, 5, 7);
  eshi_amx_finish_writes ();
}

/* All steps of a block, and between them what else there is to do, whose state is in registers meanwhile. */
ESHI_INLINE void
add_steps (Task       *task,
           const char *x,
           const char *weight,
           gboolean    geglu)
{
  const gsize stride = task->x_stride;
  const gsize n_steps = task->n_steps;
  const gsize pace = task->pace;
  Finish finish = task->finish;
  Fetch fetch = task->fetch;

  add_first_step (x, x + 16 * stride, stride, weight, task->sums);
  fetch_lines (&fetch);
  for (gsize i = 1; i < n_steps; i++)
    {
      add_step (x + i * 64, x + 16 * stride + i * 64, stride, weight + i * STEP_BYTES);
      fetch_lines (&fetch);
      finish_rows (&finish, pace, geglu);
    }
  finish_rows (&finish, ROWS, geglu);
  task->fetch = fetch;
}

static const float no_bias[COLUMNS];

/* The block's sums are in tiles: they are stored and finished while the next ones are added. */
ESHI_INLINE void
finish_later (Task     *task,
              gsize     row,
              gsize     n_done,
              gsize     block,
              gboolean  geglu)
{
  const EshiCpuAmxProduct *p = task->p;
  const char *residual = p->residual;
  const float *bias = p->bias != NULL ? p->bias + block * task->width : no_bias;
  gsize at = row * task->dst_stride + block * task->width * sizeof (guint16);
  Finish finish = { .sums = task->sums, .bias = bias, .bias_right = bias + (geglu ? p->n : 16), .dst = (char *) p->dst + at, .stride = task->dst_stride,
                    .residual = residual != NULL ? residual + at : NULL, .row = n_done, .row_end = ROWS,
                    .act = p->act };

  task->finish = finish;
}

/* What lies @begin … @end of @base, as much as the rows or the weight of a block, is fetched while @n blocks are
 * multiplied. If that is too short a time, the wait for it costs less. */
ESHI_INLINE void
fetch_later (Task       *task,
             const char *base,
             gsize       begin,
             gsize       end,
             gsize       n)
{
  gsize lines = (ROWS + n - 1) / n;
  Fetch fetch = { .next = base + begin, .end = base + end, .lines = lines <= MAX_LINES ? lines : 0 };

  task->fetch = fetch;
}

/* The block of the columns @block and the rows from @row, or, at the end, of the last ROWS rows. */
ESHI_INLINE void
multiply_block (Task     *task,
                gsize     row,
                gsize     block,
                gboolean  geglu)
{
  const EshiCpuAmxProduct *p = task->p;
  gsize begin = MIN (row, p->m - ROWS);
  const char *weight = (const char *) p->weight + block * task->block_bytes;

  add_steps (task, (const char *) p->x + begin * task->x_stride, weight, geglu);
  finish_later (task, begin, row - begin, block, geglu);
}

/* All blocks for some rows, then for the next ones: these are fetched meanwhile. */
ESHI_INLINE void
go_by_rows (Task       *task,
            const Area *area,
            gboolean    geglu)
{
  for (gsize row = area->row; row < area->row_end; row += ROWS)
    {
      gsize next = MIN (area->row_end, row + ROWS);
      gsize next_end = MIN (area->row_end, next + ROWS);

      fetch_later (task, task->p->x, next * task->x_stride, next_end * task->x_stride, area->block_end - area->block);
      for (gsize block = area->block; block < area->block_end; block++)
        multiply_block (task, row, block, geglu);
    }
}

/* All rows for a block, then for the next one: its weight is fetched meanwhile, the next task's first one's, too. */
ESHI_INLINE void
go_by_blocks (Task       *task,
              const Area *area,
              gboolean    geglu)
{
  gsize n_rows = (area->row_end - area->row + ROWS - 1) / ROWS;
  gsize n_blocks = task->p->n / task->width;

  for (gsize block = area->block; block < area->block_end; block++)
    {
      gsize next = MIN (n_blocks, block + 1);
      gsize next_end = MIN (n_blocks, next + 1);

      fetch_later (task, task->p->weight, next * task->block_bytes, next_end * task->block_bytes, n_rows);
      for (gsize row = area->row; row < area->row_end; row += ROWS)
        multiply_block (task, row, block, geglu);
    }
}

ESHI_INLINE void
multiply (const EshiCpuAmxProduct *p,
          const Area              *area,
          gboolean                 by_blocks,
          gboolean                 geglu)
{
  gsize n_steps = p->k / ESHI_AMX_DEPTH;
  Task task = { .p = p, .x_stride = p->k * sizeof (guint16), .dst_stride = p->n * sizeof (guint16),
                .n_steps = n_steps, .block_bytes = n_steps * STEP_BYTES, .width = geglu ? 16 : COLUMNS,
                .pace = (ROWS + n_steps - 1) / MAX (1, n_steps - 1) };

  if (by_blocks)
    go_by_blocks (&task, area, geglu);
  else
    go_by_rows (&task, area, geglu);
  store_sums (task.sums);
  finish_rows (&task.finish, ROWS, geglu);
}

/* How many rows and blocks a task has, and which of its loops is the outer one. Where there are many threads tasks are
 * smaller, so that each thread gets two; that changes no sum. */
static Area
choose_area (const EshiCpuAmxProduct *p,
             gsize                    n_blocks,
             gboolean                *by_blocks)
{
  gsize n_wanted = 2 * (gsize) omp_get_max_threads ();
  gsize most_blocks = MAX (1, TASK_BYTES / (p->k * COLUMNS * sizeof (guint16)));
  gsize n_columns = (n_blocks + most_blocks - 1) / most_blocks;
  gsize n_rows = MAX ((p->m + TASK_ROWS - 1) / TASK_ROWS, (n_wanted + n_columns - 1) / n_columns);
  Area area = { 0 };

  *by_blocks = p->k > FIRST_CACHE_TERMS && p->m * p->k * sizeof (guint16) <= X_BYTES;
  if (*by_blocks)
    {
      n_columns = MAX ((n_blocks + TASK_BLOCKS - 1) / TASK_BLOCKS, MIN (n_blocks, n_wanted));
      n_rows = 1;
    }
  area.row_end = ((p->m + n_rows - 1) / n_rows + ROWS - 1) / ROWS * ROWS;
  area.block_end = (n_blocks + n_columns - 1) / n_columns;
  return area;
}

/* Tasks that follow each other share columns. */
ESHI_INLINE void
multiply_all (const EshiCpuAmxProduct *p,
              gboolean                 geglu)
{
  gsize n_blocks = p->n / (geglu ? 16 : COLUMNS);
  gboolean by_blocks = FALSE;
  Area largest = choose_area (p, n_blocks, &by_blocks);
  gsize n_rows = (p->m + largest.row_end - 1) / largest.row_end;
  gsize n_columns = (n_blocks + largest.block_end - 1) / largest.block_end;

#pragma omp parallel if (p->m * p->k * n_blocks > PARALLEL_MIN)
  {
    eshi_amx_configure (NULL);
#pragma omp for schedule(dynamic)
    for (gsize task = 0; task < n_rows * n_columns; task++)
      {
        Area area = { .row = task % n_rows * largest.row_end, .block = task / n_rows * largest.block_end };

        area.row_end = MIN (p->m, area.row + largest.row_end);
        area.block_end = MIN (n_blocks, area.block + largest.block_end);
        multiply (p, &area, by_blocks, geglu);
      }
    eshi_amx_release ();
  }
}

void
eshi_cpu_amx_product (const EshiCpuAmxProduct *p)
{
  multiply_all (p, FALSE);
}

void
eshi_cpu_amx_geglu (const EshiCpuAmxProduct *p)
{
  multiply_all (p, TRUE);
}

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
 * Where k is so large that neither has room, tasks go by parts of k, and the weight of a block and a part stays in the
 * first cache while the rows pass by. The sums of a task wait in the second cache for their next part.
 *
 * What is done with finished sums (bias, activation, residual, GEGLU) takes vectors, which are idle while tiles are
 * multiplied. So a block is finished a few rows at a time between the next one's steps after the first.
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
#define SUMS       (ROWS * COLUMNS)     /* of a block */
#define STEP_BYTES (2 * ESHI_AMX_BYTES) /* of the weight */

/* Of the weight, for a task that goes by rows: with the rows that pass by, it has to stay in a second cache of 2 MiB. */
#define TASK_BYTES  (800 * 1024)
#define TASK_ROWS   512

/* Of x, for tasks that go by blocks: the same the other way round. */
#define X_BYTES     (1400 * 1000)
#define TASK_BLOCKS 20

/* Of k, for tasks that go by parts: with the weight of a block and a part 32 KiB, with all rows of a part 256, with the
 * sums of a task 320. */
#define DEEP_TERMS  1280 /* at most, for the other tasks */
#define PART_STEPS  16
#define PART_ROWS   256
#define PART_BLOCKS 10
#define SLOTS       (PART_ROWS / ROWS * PART_BLOCKS)

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
  float                   *sums;        /* [ROWS, COLUMNS]: where those go that are in tiles */
} Task;

/* Steps of a block that follow each other. */
typedef struct
{
  const char  *x;      /* the first row */
  const char  *weight;
  gsize        n;
  float       *sums;   /* of these rows and columns; the last block's may be the same */
  gboolean     more;   /* there are sums of former steps */
  gboolean     weight_stays; /* in the first cache, which x passes by; else the other way round */
} Steps;

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

/* Tiles that pass the first cache by leave it to others. GCC knows tiles by constants alone. */
#define LOAD(tile, src, stride, stays)            \
  do                                              \
    {                                             \
      if (stays)                                  \
        _tile_loadd (tile, src, stride);          \
      else                                        \
        _tile_stream_loadd (tile, src, stride);   \
    }                                             \
  while (0)

/* A tile of the last block's sums gives way to one of this block's. */
#define CHANGE_SUMS(tile, last, steps)                                                         \
  do                                                                                           \
    {                                                                                          \
      const gsize at = (tile) / 2 * 16 * COLUMNS + (tile) % 2 * 16;                            \
                                                                                               \
      _tile_stored (tile, (last) + at, COLUMNS * sizeof (float));                              \
      if ((steps)->more)                                                                       \
        _tile_loadd (tile, (steps)->sums + at, COLUMNS * sizeof (float));                      \
      else                                                                                     \
        _tile_zero (tile);                                                                     \
    }                                                                                          \
  while (0)

/* Step @i: the tiles of 16 rows of x, whose rows have @stride, and of 16 more, times the two of the weight. The first one
 * stores the sums in the tiles to @last. */
ESHI_INLINE void
add_step (const Steps *steps,
          gsize        i,
          gsize        stride,
          float       *last)
{
  const char *x = steps->x + i * 64;
  const char *weight = steps->weight + i * STEP_BYTES;

  LOAD (4, x, stride, !steps->weight_stays);
  LOAD (6, weight, 64, steps->weight_stays);
  if (i == 0)
    CHANGE_SUMS (0, last, steps);
  _tile_dpbf16ps (0, 4, 6);
  LOAD (7, weight + ESHI_AMX_BYTES, 64, steps->weight_stays);
  if (i == 0)
    CHANGE_SUMS (1, last, steps);
  _tile_dpbf16ps (1, 4, 7);
  LOAD (5, x + 16 * stride, stride, !steps->weight_stays);
  if (i == 0)
    CHANGE_SUMS (2, last, steps);
  _tile_dpbf16ps (2, 5, 6);
  if (i == 0)
    CHANGE_SUMS (3, last, steps);
  _tile_dpbf16ps (3, 5, 7);
}

/* @steps, and between them what else there is to do, whose state is in registers meanwhile. */
ESHI_INLINE void
add_steps (Task        *task,
           const Steps *steps,
           gboolean     geglu)
{
  const gsize stride = task->x_stride;
  const gsize pace = task->pace;
  Finish finish = task->finish;
  Fetch fetch = task->fetch;

  add_step (steps, 0, stride, task->sums);
  eshi_amx_finish_writes ();
  fetch_lines (&fetch);
  for (gsize i = 1; i < steps->n; i++)
    {
      add_step (steps, i, stride, NULL);
      fetch_lines (&fetch);
      finish_rows (&finish, pace, geglu);
    }
  finish_rows (&finish, ROWS, geglu);
  task->fetch = fetch;
  task->finish.row = task->finish.row_end;
  task->sums = steps->sums;
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
  Finish finish = { .sums = task->sums, .bias = bias, .bias_right = bias + (geglu ? p->n : 16),
                    .residual = residual != NULL ? residual + at : NULL, .dst = (char *) p->dst + at,
                    .stride = task->dst_stride, .row = n_done, .row_end = ROWS, .act = p->act };

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

/* The block of the columns @block and the rows from @row, or, at the end, of the last ROWS rows: @n steps from @step on,
 * whose sums go to @sums. */
ESHI_INLINE void
multiply_block (Task     *task,
                gsize     row,
                gsize     block,
                gsize     step,
                gsize     n,
                float    *sums,
                gboolean  weight_stays,
                gboolean  geglu)
{
  const EshiCpuAmxProduct *p = task->p;
  gsize begin = MIN (row, p->m - ROWS);
  Steps steps = { .x = (const char *) p->x + begin * task->x_stride + step * 64,
                  .weight = (const char *) p->weight + block * task->block_bytes + step * STEP_BYTES, .n = n,
                  .sums = sums, .more = step > 0, .weight_stays = weight_stays };

  add_steps (task, &steps, geglu);
  if (step + n == task->n_steps)
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
        multiply_block (task, row, block, 0, task->n_steps, task->sums, FALSE, geglu);
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
        multiply_block (task, row, block, 0, task->n_steps, task->sums, FALSE, geglu);
    }
}

/* The weight of a block and @n steps from @step on is fetched while as much is multiplied with @n_rows × ROWS rows. */
ESHI_INLINE void
fetch_part (Task  *task,
            gsize  block,
            gsize  step,
            gsize  n,
            gsize  n_rows)
{
  const char *base = (const char *) task->p->weight + block * task->block_bytes + step * STEP_BYTES;
  Fetch fetch = { .next = base, .end = base + n * STEP_BYTES,
                  .lines = MIN (MAX_LINES, (STEP_BYTES / 64 + n_rows - 1) / n_rows) };

  task->fetch = fetch;
}

/* All rows of an area for @n steps of a block, those from @step on. @slots: a block's, [rows / ROWS, SUMS]. */
ESHI_INLINE void
add_part (Task       *task,
          const Area *area,
          gsize       block,
          gsize       step,
          gsize       n,
          float      *slots,
          gboolean    geglu)
{
  for (gsize row = area->row; row < area->row_end; row += ROWS, slots += SUMS)
    multiply_block (task, row, block, step, n, slots, TRUE, geglu);
}

/* A part of k for all blocks, then the next one. The weight that comes next is fetched meanwhile. @slots [SLOTS, SUMS]. */
ESHI_INLINE void
go_by_parts (Task       *task,
             const Area *area,
             float      *slots,
             gboolean    geglu)
{
  gsize n_rows = (area->row_end - area->row + ROWS - 1) / ROWS;
  gsize n_parts = (task->n_steps + PART_STEPS - 1) / PART_STEPS;
  gsize n = (task->n_steps + n_parts - 1) / n_parts;

  task->pace = (ROWS + n - 1) / MAX (1, n - 1);
  for (gsize step = 0; step < task->n_steps; step += n)
    for (gsize block = area->block; block < area->block_end; block++)
      {
        gboolean wraps = block + 1 == area->block_end;
        gsize next = MIN (task->n_steps, wraps ? step + n : step);

        fetch_part (task, wraps ? area->block : block + 1, next, MIN (n, task->n_steps - next), n_rows);
        add_part (task, area, block, step, MIN (n, task->n_steps - step), slots + (block - area->block) * n_rows * SUMS,
                  geglu);
      }
}

static Task
begin_task (const EshiCpuAmxProduct *p,
            float                   *sums,
            gboolean                 geglu)
{
  gsize n_steps = p->k / ESHI_AMX_DEPTH;
  Task task = { .p = p, .x_stride = p->k * sizeof (guint16), .dst_stride = p->n * sizeof (guint16),
                .n_steps = n_steps, .block_bytes = n_steps * STEP_BYTES, .width = geglu ? 16 : COLUMNS,
                .pace = (ROWS + n_steps - 1) / MAX (1, n_steps - 1), .sums = sums };

  return task;
}

/* The last block's sums are still in tiles. */
ESHI_INLINE void
end_task (Task     *task,
          gboolean  geglu)
{
  store_sums (task->sums);
  finish_rows (&task->finish, ROWS, geglu);
}

/* Apart, so that only these tasks have a large frame. */
static __attribute__ ((noinline)) void
multiply_deep (const EshiCpuAmxProduct *p,
               const Area              *area,
               gboolean                 geglu)
{
  float slots[SLOTS * SUMS] __attribute__ ((aligned (64)));
  Task task = begin_task (p, slots, geglu);

  if (geglu)
    go_by_parts (&task, area, slots, TRUE);
  else
    go_by_parts (&task, area, slots, FALSE);
  end_task (&task, geglu);
}

ESHI_INLINE void
multiply (const EshiCpuAmxProduct *p,
          const Area              *area,
          gboolean                 by_blocks,
          gboolean                 geglu)
{
  float sums[SUMS] __attribute__ ((aligned (64)));
  Task task = begin_task (p, sums, geglu);

  if (by_blocks)
    go_by_blocks (&task, area, geglu);
  else
    go_by_rows (&task, area, geglu);
  end_task (&task, geglu);
}

/* Of a task that goes by parts: as many blocks as there are slots for, or fewer, so that each thread gets two tasks. */
static Area
choose_deep_area (const EshiCpuAmxProduct *p,
                  gsize                    n_blocks)
{
  gsize n_rows = (p->m + PART_ROWS - 1) / PART_ROWS;
  gsize n_wanted = (2 * (gsize) omp_get_max_threads () + n_rows - 1) / n_rows;
  Area area = { .row_end = ((p->m + n_rows - 1) / n_rows + ROWS - 1) / ROWS * ROWS };
  gsize most_blocks = SLOTS / (area.row_end / ROWS);
  gsize n_columns = MAX ((n_blocks + most_blocks - 1) / most_blocks, MIN (n_wanted, n_blocks));

  area.block_end = (n_blocks + n_columns - 1) / n_columns;
  return area;
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

  if (p->k > DEEP_TERMS)
    return choose_deep_area (p, n_blocks);
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
    eshi_amx_configure (NULL, NULL);
#pragma omp for schedule(dynamic)
    for (gsize task = 0; task < n_rows * n_columns; task++)
      {
        Area area = { .row = task % n_rows * largest.row_end, .block = task / n_rows * largest.block_end };

        area.row_end = MIN (p->m, area.row + largest.row_end);
        area.block_end = MIN (n_blocks, area.block + largest.block_end);
        if (p->k > DEEP_TERMS)
          multiply_deep (p, &area, geglu);
        else
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

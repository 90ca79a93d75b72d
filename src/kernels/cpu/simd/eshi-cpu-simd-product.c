/* eshi-cpu-simd-product.c: f32 rows times a packed matrix: linear layers, 1×1 convolutions, the product of GEGLU.
 *
 * The weight lies in panels of ESHI_PANEL outputs. A task has some rows of x and some panels, and goes through k in
 * parts: a part of a panel stays in the first cache and that of the rows in the second, while tiles of ROWS rows and one
 * panel have their sums in registers. Which terms are added in which order is a matter of k alone, so neither a tile's
 * place nor the number of threads changes a bit of the result. Refuses bf16: oneDNN has instructions for that.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <omp.h>

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#define VECTORS (ESHI_PANEL / ESHI_LANES)

/* Rows with the vectors of a panel: twelve sums, where sixteen registers hold those and more, or twenty-four of 32. */
#if ESHI_LANES < 8
#define ROWS 3
#elif ESHI_LANES < 16
#define ROWS 6
#else
#define ROWS 12
#endif

#define DEPTH (5120 / ESHI_PANEL)     /* terms of a part: 20 KiB of a panel and 8 of a tile's rows, in a first cache of 32 */
#define MAX_ROWS 72                   /* of a task: 90 KiB of x in each part; more is slower where others use the caches */
#define PANELS (64 / ESHI_PANEL)      /* of a task */
#define TURNS 8                       /* of each thread in a batch, at least: so that none waits long for the last one */

/* What a task has summed so far. */
typedef float Sums[PANELS][MAX_ROWS][ESHI_PANEL];

/* sums += x · panel for @n terms; @x are ROWS rows. */
ESHI_INLINE void
add_terms (float              *sums,
           const float *const  x[ROWS],
           const float        *panel,
           gsize               n)
{
  EshiVec part[ROWS][VECTORS] = { { { 0 } } };

  for (gsize i = 0; i < n; i++)
    {
      EshiVec w[VECTORS];

      for (gsize v = 0; v < VECTORS; v++)
        w[v] = eshi_vec_load (panel, i * ESHI_PANEL + v * ESHI_LANES, FALSE);
#pragma GCC unroll 12
      for (gsize r = 0; r < ROWS; r++)
        for (gsize v = 0; v < VECTORS; v++)
          part[r][v] += eshi_vec_set1 (x[r][i]) * w[v];
    }
  for (gsize r = 0; r < ROWS; r++)
    for (gsize v = 0; v < VECTORS; v++)
      {
        gsize at = r * ESHI_PANEL + v * ESHI_LANES;

        eshi_vec_store (sums, at, eshi_vec_load (sums, at, FALSE) + part[r][v], FALSE);
      }
}

/* One vector of dst, of which @n elements exist. */
ESHI_INLINE void
finish_vector (const EshiCpuProduct *p,
               EshiVec               x,
               gsize                 row,
               gsize                 column,
               gsize                 n)
{
  float *dst = p->dst + row * p->n + column;

  if (p->bias != NULL)
    x += n == ESHI_LANES ? eshi_vec_load (p->bias, column, FALSE) : eshi_vec_load_n (p->bias, column, n, FALSE);
  x = eshi_vec_activate (x, p->act);
  if (p->accumulate)
    x += n == ESHI_LANES ? eshi_vec_load (dst, 0, FALSE) : eshi_vec_load_n (dst, 0, n, FALSE);
  if (n == ESHI_LANES)
    eshi_vec_store (dst, 0, x, FALSE);
  else
    eshi_vec_store_n (dst, 0, n, x, FALSE);
}

/* The terms @begin … @end of the tile at @row, which has @n_rows; where these are fewer than ROWS the last is computed
 * again, into sums that nobody reads. */
static void
add_to_tile (const EshiCpuProduct *p,
             float                *sums,
             gsize                 row,
             gsize                 n_rows,
             gsize                 panel,
             gsize                 begin,
             gsize                 end)
{
  const float *weight = p->weight + (panel * p->k + begin) * ESHI_PANEL;
  const float *x[ROWS];

  for (gsize r = 0; r < ROWS; r++)
    {
      x[r] = p->x + (row + MIN (r, n_rows - 1)) * p->k + begin;
    }
  add_terms (sums, x, weight, end - begin);
}

static void
finish_row (const EshiCpuProduct *p,
            const float          *sums,
            gsize                 row,
            gsize                 panel)
{
  for (gsize v = 0; v < VECTORS; v++)
    {
      gsize column = panel * ESHI_PANEL + v * ESHI_LANES;

      if (column < p->n)
        finish_vector (p, eshi_vec_load (sums, v * ESHI_LANES, FALSE), row, column, MIN (ESHI_LANES, p->n - column));
    }
}

/* Rows @row … @row_end with panels @panel … @panel_end. */
static void
multiply_block (const EshiCpuProduct *p,
                gsize                 row,
                gsize                 row_end,
                gsize                 panel,
                gsize                 panel_end)
{
  Sums sums;

  memset (sums, 0, sizeof sums);
  for (gsize i = 0; i < p->k; i += DEPTH)
    for (gsize j = panel; j < panel_end; j++)
      for (gsize r = row; r < row_end; r += ROWS)
        add_to_tile (p, sums[j - panel][r - row], r, MIN (ROWS, row_end - r), j, i, MIN (p->k, i + DEPTH));
  for (gsize r = row; r < row_end; r++)
    for (gsize j = panel; j < panel_end; j++)
      finish_row (p, sums[j - panel][r - row], r, j);
}

/* Product @i of the batch. */
static EshiCpuProduct
pick_product (const EshiCpuProduct *p,
              gsize                 i)
{
  EshiCpuProduct one = *p;

  one.x += i * p->x_step;
  one.weight += i * p->weight_step;
  one.dst += i * p->dst_step;
  return one;
}

/* Tasks that follow each other share rows, or panels where the weight is the larger operand. Whoever is free takes the
 * next one, so that a core that has other things to do delays nobody. */
void
ESHI_CPU_NAME (eshi_cpu_product) (const EshiCpuProduct *p)
{
  gsize n_panels = (p->n + ESHI_PANEL - 1) / ESHI_PANEL;
  gsize n_columns = (n_panels + PANELS - 1) / PANELS;
  gsize n_rows = (p->m + MAX_ROWS - 1) / MAX_ROWS;
  gsize rows = ((p->m + n_rows - 1) / n_rows + ROWS - 1) / ROWS * ROWS;
  gsize n_tasks = n_rows * n_columns;
  gboolean by_rows = p->m >= p->n;
  gsize chunk = CLAMP (p->batch * n_tasks / ((gsize) omp_get_max_threads () * TURNS), 1, n_tasks);

#pragma omp parallel for schedule(dynamic, chunk) if (p->batch * p->m * p->n * p->k > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < p->batch * n_tasks; i++)
    {
      EshiCpuProduct one = pick_product (p, i / n_tasks);
      gsize task = i % n_tasks;
      gsize row = (by_rows ? task / n_columns : task % n_rows) * rows;
      gsize panel = (by_rows ? task % n_columns : task / n_rows) * PANELS;

      multiply_block (&one, row, MIN (p->m, row + rows), panel, MIN (n_panels, panel + PANELS));
    }
}

/* parity.h: the lines from which tools/parity makes docs/parity.md: what was compared, with whom, and how near we are.
 *
 * It only prints; a test asserts its bound besides.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

/* Says that @what of @area was at most @measured apart from @oracle (name and version), where @bound is allowed. No
 * text holds a '|'. Printed again with the same texts, the largest @measured counts. */
static inline void
parity_row (const char *area,
            const char *what,
            const char *oracle,
            double      measured,
            double      bound)
{
  g_test_message ("parity|%s|%s|%s|%.1e|%.1e", area, what, oracle, measured, bound);
}

/* The same where things are counted: @n_different of @n differ, and none may. */
static inline void
parity_count_row (const char *area,
                  const char *what,
                  const char *oracle,
                  guint       n_different,
                  guint       n)
{
  g_test_message ("parity|%s|%s|%s|%u of %u differ|0", area, what, oracle, n_different, n);
}

/* The largest |@a − @b| of @n values; infinite where one is no number. */
static inline double
parity_difference (const float *a,
                   const float *b,
                   gsize        n)
{
  double worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      double difference = fabs ((double) a[i] - b[i]);

      worst = isnan (difference) ? INFINITY : fmax (worst, difference);
    }
  return worst;
}

/* The largest |@a − @b| of @n values, each in units of max(1, |@b|); infinite where one is no
 * number. */
static inline double
parity_distance (const float *a,
                 const float *b,
                 gsize        n)
{
  double worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      double distance = fabs ((double) a[i] - b[i]) / fmax (1, fabs ((double) b[i]));

      worst = isnan (distance) ? INFINITY : fmax (worst, distance);
    }
  return worst;
}

G_END_DECLS

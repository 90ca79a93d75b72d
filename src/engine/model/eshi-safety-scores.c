/* eshi-safety-scores.c: differences, rounded, and one adjustment that special concepts make to all that follow.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-safety-scores.h"

#include <math.h>

#define STRICTER 0.01

/* Half to even. */
static gboolean
is_above (double score)
{
  return rint (score * 1000.0) > 0.0;
}

void
eshi_safety_scores_judge (EshiSafetyScores *self,
                          const float      *special,
                          const float      *special_limits,
                          const float      *concepts,
                          const float      *concept_limits)
{
  double adjustment = 0.0;

  *self = (EshiSafetyScores) { 0 };
  for (guint i = 0; i < ESHI_SAFETY_N_SPECIAL; i++)
    {
      self->special[i] = (double) special[i] - special_limits[i] + adjustment;
      if (is_above (self->special[i]))
        adjustment = STRICTER;
    }
  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    {
      self->concepts[i] = (double) concepts[i] - concept_limits[i] + adjustment;
      if (is_above (self->concepts[i]))
        self->withheld = TRUE;
    }

  self->special_care = adjustment > 0.0;
}

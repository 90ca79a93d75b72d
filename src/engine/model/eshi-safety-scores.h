/* eshi-safety-scores.h: the rule by which Stable Diffusion's safety checker judges a picture.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ESHI_SAFETY_N_SPECIAL 3
#define ESHI_SAFETY_N_CONCEPTS 17

/**
 * EshiSafetyScores:
 * @special: by how much the picture is nearer to each special concept than it may be
 * @concepts: the same for the concepts that withhold it
 * @special_care: whether one of @special is above 0 (rounded; see eshi_safety_scores_judge()), from which on everything else is judged more strictly, by 0.01
 * @withheld: whether one of @concepts is above 0
 */
typedef struct
{
  double   special[ESHI_SAFETY_N_SPECIAL];
  double   concepts[ESHI_SAFETY_N_CONCEPTS];
  gboolean special_care;
  gboolean withheld;
} EshiSafetyScores;

/**
 * eshi_safety_scores_judge:
 * @special: f32 [3], cosines between the picture's vector and those of the special concepts
 * @special_limits: f32 [3], from where on they count
 * @concepts: f32 [17], the same for the concepts
 * @concept_limits: f32 [17]
 *
 * Differences in double, which are judged after rounding to three decimals, as diffusers does it: what is 0.0004 above a
 * limit is not yet above it. Thread: any.
 */
void eshi_safety_scores_judge (EshiSafetyScores *self,
                               const float      *special,
                               const float      *special_limits,
                               const float      *concepts,
                               const float      *concept_limits);

G_END_DECLS

/* eshi-branch.h: what a picture was painted as before it parted from another picture.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib-object.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

#define ESHI_BRANCH_MAX_DEPTH 16

typedef struct _EshiBranch EshiBranch;

/**
 * EshiBranch:
 * @step: steps that were painted so, 1 or more
 * @prompt: UTF-8
 * @negative_prompt: UTF-8
 * @guidance: guidance scale
 * @seed: of the noise
 * @earlier: (nullable): what it was before that, at an earlier step
 *
 * All else is as in the settings that it belongs to: model, size, number of steps, sampler, kind of noise, input picture.
 * A plain value.
 */
struct _EshiBranch
{
  int         step;
  char       *prompt;
  char       *negative_prompt;
  double      guidance;
  guint64     seed;
  EshiBranch *earlier;
};

#define ESHI_TYPE_BRANCH (eshi_branch_get_type ())
ESHI_AVAILABLE
GType eshi_branch_get_type (void);

/**
 * eshi_branch_new:
 * @prompt: (nullable): copied, like @negative_prompt and @earlier
 *
 * Returns: (transfer full)
 */
ESHI_AVAILABLE
EshiBranch *eshi_branch_new (int               step,
                             const char       *prompt,
                             const char       *negative_prompt,
                             double            guidance,
                             guint64           seed,
                             const EshiBranch *earlier);

ESHI_AVAILABLE
EshiBranch *eshi_branch_copy (const EshiBranch *self);

ESHI_AVAILABLE
void eshi_branch_free (EshiBranch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiBranch, eshi_branch_free)

G_END_DECLS

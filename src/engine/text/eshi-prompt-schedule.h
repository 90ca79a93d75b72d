/* eshi-prompt-schedule.h: prompts that change from step to step, by the grammar of Stable Diffusion web UI.
 *
 * [from:to:when] is the one text up to step @when and the other after it, [to:when] and [from::when] have nothing on one
 * side; @when is a step or, with a decimal point, a part of all steps. [a|b|c] takes turns. Groups may stand in one
 * another, to a depth of 32. As there, a prompt with a vertical bar outside of such brackets does not change at all, and
 * neither does one that ends in a backslash.
 *
 * Where a bracket is open or a colon stands alone, the web UI's parser picks one of several readings of the whole prompt;
 * here a bracket that is closed by its like is one, whatever stands around it.
 *
 * It looks at nothing else: other brackets stay for eshi-prompt-syntax.h.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_prompt_schedule_read:
 * @prompt: UTF-8, though malformed bytes do no harm
 * @step: 1 to @n_steps
 * @n_steps: 1 or more
 * @changes: (out) (optional): whether anything in @prompt depends on the step
 *
 * Thread: any. Cost: about linear.
 *
 * Returns: (transfer full): the prompt as it is at that step
 */
char *eshi_prompt_schedule_read (const char *prompt,
                                 guint       step,
                                 guint       n_steps,
                                 gboolean   *changes);

G_END_DECLS

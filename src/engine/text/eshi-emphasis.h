/* eshi-emphasis.h: the ways in which the brackets of a prompt can be read. Their names are written to disk.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EshiEmphasis:
 * @ESHI_EMPHASIS_ORIGINAL: "original", brackets weigh, and each chunk keeps its mean; the web UI's "Original"
 * @ESHI_EMPHASIS_NO_NORM: "no-norm", brackets weigh; its "No norm"
 * @ESHI_EMPHASIS_IGNORE: "ignore", brackets are taken away and weigh nothing; its "Ignore"
 * @ESHI_EMPHASIS_OFF: "off", brackets are text, and what does not fit the text encoder's window is cut off, as diffusers
 *   does; its "None" is like it, but for the cut
 *
 * Whichever it is, a prompt without brackets and BREAK that fits the window gives the same numbers.
 */
typedef enum
{
  ESHI_EMPHASIS_ORIGINAL,
  ESHI_EMPHASIS_NO_NORM,
  ESHI_EMPHASIS_IGNORE,
  ESHI_EMPHASIS_OFF,
} EshiEmphasis;

/* The name; %NULL if @emphasis is none of them. */
const char *eshi_emphasis_get_name   (EshiEmphasis  emphasis);

/* What the web UI calls it: "No norm". */
const char *eshi_emphasis_get_label  (EshiEmphasis  emphasis);

/* Finds a name or a label, whatever its case. @name: (nullable). @emphasis: (out): untouched where there is none. */
gboolean    eshi_emphasis_from_name  (const char   *name,
                                      EshiEmphasis *emphasis);

G_END_DECLS

/* eshi-arena.h: where in one block of memory things of known size and lifetime go. Arithmetic only: allocates nothing
 * but its own lists, and knows neither tensors nor ops.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Every offset is a multiple of this many bytes. */
#define ESHI_ARENA_ALIGNMENT 64

typedef struct
{
  gsize size;   /* bytes */
  guint first;  /* the steps from and to which the memory is held, both included */
  guint last;
  gsize offset; /* set by eshi_arena_plan(): bytes from the start of the arena */
} EshiArenaSlot;

/* @size rounded up to the alignment. */
gsize eshi_arena_align (gsize size);

/* Sets the offset of each of @n_slots @slots so that no two that live at one time overlap. Returns the bytes that the
 * arena needs. Cost: n² in the worst case. */
gsize eshi_arena_plan  (EshiArenaSlot *slots,
                        guint          n_slots);

G_END_DECLS

/* bench-nets.h: which ops the networks are made of, and how often each occurs.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-graph.h"

/* One kind of op of a network, with the shapes that matter. Fields that a kind does not use are 0. */
typedef struct
{
  EshiOpKind     kind;
  guint          count;  /* occurrences in one run of the network */
  gint64         n;      /* images */
  gint64         h, w;   /* of x; tokens are h · w */
  gint64         ci, co; /* channels; heads · d for attention */
  gint64         k;      /* kernel */
  guint          stride;
  gboolean       doubled; /* x is enlarged to twice h and w before it is convolved */
  gint64         s;      /* keys of attention */
  guint          heads;
  gboolean       causal;
  gboolean       f32;    /* f32 whatever the backend computes in */
  EshiActivation act;
} BenchCase;

/* "sd-unet", "sd-decoder", "sd-encoder", "sd-text", "mame-unet", "mame-decoder"; NULL-terminated. */
extern const char * const bench_nets[];

/* The cases of @net, each kind of op once; (transfer full), elements are BenchCase. NULL for an unknown name. */
GArray *bench_net_cases (const char *net);

/* "conv2d 2x64x64x320 -> 320 k3"; (transfer full). */
char   *bench_case_name (const BenchCase *c);

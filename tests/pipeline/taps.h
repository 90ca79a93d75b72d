/* taps.h: compares what a network computes inside with published numbers: the first values, the sum, the deviation.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-net.h"

G_BEGIN_DECLS

#define TAPS_MAX 24

/* What a part's output must be, in the reference's order [channels, height, width]. */
typedef struct
{
  const char *path;     /* of the part; "output" for what the network returns */
  guint       n_first;  /* how many of @first are given */
  double      first[4];
  double      sum;
  double      rms;      /* root of the mean square */
} TapExpectation;

/* Limits, in units of @rms for values and of rms · √n for sums. */
typedef struct
{
  double value;
  double sum;
} TapLimits;

typedef struct
{
  const TapExpectation *expectations;
  guint                 n_expectations;
  EshiTensor           *outputs[TAPS_MAX]; /* of each expectation, once it was met */
} Taps;

/* An EshiNetTapFunc; user_data is a Taps. */
void taps_cb     (EshiGraph       *graph,
                  const char      *path,
                  EshiTensor      *x,
                  gpointer         user_data);

/* The same for what the network returned. */
void taps_output (Taps            *self,
                  EshiGraph       *graph,
                  EshiTensor      *x);

/* Asserts all expectations, after a run of @graph. */
void taps_check  (Taps            *self,
                  EshiGraph       *graph,
                  const TapLimits *limits);

/* Compares @n values that are in the reference's order. */
void taps_check_values (const TapExpectation *expectation,
                        const float          *values,
                        gsize                 n,
                        const TapLimits      *limits);

/* [n, h, w, c] → [n, c, h, w]; (transfer full). */
float *to_channels_first (const float     *x,
                          const EshiShape *shape);

G_END_DECLS

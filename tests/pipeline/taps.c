/* taps.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "taps.h"

#include <math.h>
#include <string.h>

#include "../parity.h"

void
taps_cb (EshiGraph  *graph,
         const char *path,
         EshiTensor *x,
         gpointer    user_data)
{
  Taps *self = user_data;

  for (guint i = 0; i < self->n_expectations; i++)
    if (strcmp (self->expectations[i].path, path) == 0)
      self->outputs[i] = eshi_graph_output (graph, path, x, ESHI_DTYPE_F32);
}

void
taps_output (Taps       *self,
             EshiGraph  *graph,
             EshiTensor *x)
{
  taps_cb (graph, "output", x, self);
}

float *
to_channels_first (const float     *x,
                   const EshiShape *shape)
{
  gint64 area = shape->dim[1] * shape->dim[2];
  gint64 channels = shape->dim[3];
  float *y = g_new (float, eshi_shape_count (shape));

  for (gint64 n = 0; n < shape->dim[0]; n++)
    for (gint64 i = 0; i < area; i++)
      for (gint64 c = 0; c < channels; c++)
        y[(n * channels + c) * area + i] = x[(n * area + i) * channels + c];
  return y;
}

/* A row under the test's own name, without the program's and the backend's: "/eshi/networks/ref/vae/full". */
static void
print_row (const TapExpectation *expectation,
           double                worst,
           double                limit)
{
  g_auto(GStrv) parts = g_strsplit (g_test_get_path (), "/", 5);
  const char *network = g_strv_length (parts) == 5 ? parts[4] : g_test_get_path ();
  g_autofree char *what = g_strdup_printf ("%s: %s (ref, cpu)", network, expectation->path);

  parity_row ("networks, published values", what, "diffusers 0.8.1, CLIP", worst, limit);
}

void
taps_check_values (const TapExpectation *expectation,
                   const float          *values,
                   gsize                 n,
                   const TapLimits      *limits)
{
  double unit = MAX (1.0, expectation->rms);
  double sum = 0;
  double square = 0;
  double rms = 0;
  double worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      sum += values[i];
      square += (double) values[i] * values[i];
    }
  rms = sqrt (square / (double) n);

  g_test_message ("%s: first %.6f (%+.1e) sum %.5f (%+.1e) rms %.6f (%+.1e)", expectation->path, values[0],
                  values[0] - expectation->first[0], sum, sum - expectation->sum, rms, rms - expectation->rms);
  worst = fabs (rms - expectation->rms);
  for (guint i = 0; i < expectation->n_first; i++)
    {
      g_assert_cmpfloat_with_epsilon (values[i], expectation->first[i], limits->value * unit);
      worst = MAX (worst, fabs (values[i] - expectation->first[i]));
    }
  g_assert_cmpfloat (worst, <=, limits->value * unit);
  print_row (expectation, worst / unit, limits->value);
  g_assert_cmpfloat_with_epsilon (sum, expectation->sum, limits->sum * expectation->rms * sqrt ((double) n));
}

static void
check_tensor (const TapExpectation *expectation,
              EshiGraph            *graph,
              EshiTensor           *x,
              const TapLimits      *limits)
{
  gsize n = (gsize) eshi_tensor_count (x);
  g_autofree float *values = g_new (float, n);
  g_autoptr(GError) error = NULL;

  eshi_graph_download (graph, x, values, &error);
  g_assert_no_error (error);

  if (x->shape.rank == 4)
    {
      g_autofree float *planes = to_channels_first (values, &x->shape);

      taps_check_values (expectation, planes, n, limits);
    }
  else
    {
      taps_check_values (expectation, values, n, limits);
    }
}

void
taps_check (Taps            *self,
            EshiGraph       *graph,
            const TapLimits *limits)
{
  g_assert_cmpuint (self->n_expectations, <=, TAPS_MAX);

  for (guint i = 0; i < self->n_expectations; i++)
    {
      if (self->outputs[i] == NULL)
        g_error ("%s was never computed", self->expectations[i].path);
      check_tensor (&self->expectations[i], graph, self->outputs[i], limits);
    }
}

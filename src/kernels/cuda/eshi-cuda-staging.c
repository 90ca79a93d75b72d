/* eshi-cuda-staging.c: pinned memory through which weights go to the device: while one half is copied, the other is filled.
 *
 * From other memory the driver would copy by itself first, and the caller would wait.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-cuda-backend.h"

/* Of a half: long enough for the bus, short enough that filling the first one delays nothing. */
#define HALF_BYTES (4 * 1024 * 1024)

gboolean
_eshi_cuda_staging_drain (EshiCudaBackend  *self,
                          GError          **error)
{
  for (guint i = 0; self->staging.sent && i < G_N_ELEMENTS (self->staging.events); i++)
    if (self->staging.events[i] != NULL &&
        !_eshi_cuda_check (self, self->libs->cu.event_synchronize (self->staging.events[i]), error))
      return FALSE;
  self->staging.sent = FALSE;

  return TRUE;
}

/* The caller knows that nothing is under way. */
static void
free_halves (EshiCudaBackend *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->staging.halves); i++)
    {
      if (self->staging.halves[i] != NULL)
        self->libs->cu.free_host (self->staging.halves[i]);
      self->staging.halves[i] = NULL;
    }
  self->staging.bytes = 0;
}

void
_eshi_cuda_staging_clear (EshiCudaBackend *self)
{
  free_halves (self);
  for (guint i = 0; i < G_N_ELEMENTS (self->staging.events); i++)
    {
      if (self->staging.events[i] != NULL)
        self->libs->cu.event_destroy (self->staging.events[i]);
      self->staging.events[i] = NULL;
    }
}

/* The driver calls it too little memory, but it is the host's. */
static gboolean
check_host (EshiCudaBackend  *self,
            int               result,
            GError          **error)
{
  if (result != ESHI_CU_OUT_OF_MEMORY)
    return _eshi_cuda_check (self, result, error);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
               _("The computer has too little memory to convert the model's weights. Close other programs."));
  return FALSE;
}

static gboolean
grow (EshiCudaBackend  *self,
      gsize             bytes,
      GError          **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  EshiCudaStaging *staging = &self->staging;

  if (!_eshi_cuda_staging_drain (self, error))
    return FALSE;
  free_halves (self);
  for (guint i = 0; i < G_N_ELEMENTS (staging->halves); i++)
    if ((staging->events[i] == NULL &&
         !_eshi_cuda_check (self, cu->event_create (&staging->events[i], ESHI_CU_EVENT_DISABLE_TIMING), error)) ||
        !check_host (self, cu->alloc_host (&staging->halves[i], bytes, 0), error))
      return FALSE;
  staging->bytes = bytes;

  return TRUE;
}

void *
_eshi_cuda_stage (EshiCudaBackend  *self,
                  gsize             bytes,
                  GError          **error)
{
  EshiCudaStaging *staging = &self->staging;

  if (bytes > staging->bytes && !grow (self, MAX (bytes, HALF_BYTES), error))
    return NULL;
  if (!_eshi_cuda_check (self, self->libs->cu.event_synchronize (staging->events[staging->half]), error))
    return NULL;

  return staging->halves[staging->half];
}

gboolean
_eshi_cuda_send_staged (EshiCudaBackend  *self,
                        EshiCuPtr         dst,
                        gsize             bytes,
                        GError          **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  EshiCudaStaging *staging = &self->staging;
  guint half = staging->half;

  staging->sent = TRUE;
  staging->half = (half + 1) % G_N_ELEMENTS (staging->halves);
  return _eshi_cuda_check (self, cu->to_device (dst, staging->halves[half], bytes, self->lane->stream), error) &&
         _eshi_cuda_check (self, cu->event_record (staging->events[half], self->lane->stream), error);
}

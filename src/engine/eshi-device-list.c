/* eshi-device-list.c: the registry's backends as plain values.
 *
 * Decides nothing: which backend is used is the registry's business.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-device-list.h"

#include "eshi-backend-registry.h"
#include "eshi-precision.h"

void
eshi_device_free (EshiDevice *self)
{
  g_free (self->backend);
  g_free (self->name);
  g_free (self->features);
  g_free (self->refusal);
  g_free (self);
}

static void
add_cb (const char           *backend,
        const EshiDeviceInfo *info,
        const char           *refusal,
        gboolean              chosen,
        gpointer              user_data)
{
  EshiDevice *device = g_new0 (EshiDevice, 1);

  device->backend = g_strdup (backend);
  device->refusal = g_strdup (refusal);
  device->chosen = chosen;
  if (info != NULL)
    {
      device->name = g_strdup (info->name);
      device->features = g_strdup (info->features);
      device->memory_bytes = info->memory_bytes;
    }
  g_ptr_array_add (user_data, device);
}

GPtrArray *
eshi_device_list (void)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_device_free);

  _eshi_backend_registry_foreach (add_cb, devices);

  return devices;
}

const char *
eshi_device_find_type (const char  *backend,
                       const char  *precision,
                       GError     **error)
{
  EshiBackendOptions options = { 0 };
  EshiBackend *opened = NULL;
  const char *name = NULL;

  if (_eshi_precision_from_name (precision, &options.precision, error))
    opened = _eshi_backend_registry_open (backend, &options, error);
  if (opened == NULL)
    return NULL;

  name = eshi_dtype_name (opened->compute);
  _eshi_backend_close (opened);

  return name;
}

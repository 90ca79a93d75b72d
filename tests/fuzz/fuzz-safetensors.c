/* fuzz-safetensors.c: weight files of any content: refused with an error, or every byte of every tensor can be read.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-safetensors.h"
#include "fuzz-driver.h"

static guint
sum_bytes (const EshiTensor *tensor)
{
  const guint8 *data = tensor->data;
  guint sum = 0;

  for (gsize i = 0; i < eshi_tensor_bytes (tensor); i++)
    sum += data[i];
  return sum;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) bytes = g_bytes_new (data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) self = eshi_safetensors_new_for_bytes (bytes, "fuzz", &error);
  guint sum = 0;

  if (self == NULL)
    {
      g_assert_true (error != NULL && error->domain == ESHI_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (strlen (error->message), <, 1000);
      return 0;
    }

  g_assert_no_error (error);
  for (guint i = 0; i < eshi_safetensors_get_n (self); i++)
    {
      const char *name = eshi_safetensors_get_name (self, i);
      const EshiTensor *tensor = eshi_safetensors_lookup (self, name);

      if (tensor != NULL)
        sum += sum_bytes (tensor);
      g_assert_nonnull (eshi_safetensors_get_type_name (self, name));
    }

  /* So that no compiler leaves the reading out. */
  return sum == G_MAXUINT ? -1 : 0;
}

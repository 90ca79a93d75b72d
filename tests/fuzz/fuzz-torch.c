/* fuzz-torch.c: files of PyTorch of any content: refused with an error, or every byte of every tensor can be read.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-torch-file.h"
#include "fuzz-driver.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) bytes = g_bytes_new (data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiTorchFile) self = eshi_torch_file_new_for_bytes (bytes, "fuzz", &error);
  guint sum = 0;

  if (self == NULL)
    {
      g_assert_true (error != NULL && error->domain == ESHI_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  for (guint i = 0; i < eshi_torch_file_get_n (self); i++)
    {
      const EshiTensor *tensor = eshi_torch_file_lookup (self, eshi_torch_file_get_name (self, i));

      for (gsize k = 0; tensor != NULL && k < eshi_tensor_bytes (tensor); k++)
        sum += ((const guint8 *) tensor->data)[k];
    }

  /* So that no compiler leaves the reading out. */
  return sum == G_MAXUINT ? -1 : 0;
}

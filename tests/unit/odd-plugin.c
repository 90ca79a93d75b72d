/* odd-plugin.c: backend plugins that must not be used; compiled once for each kind of ODD_KIND.
 *
 * 0: of an older ABI; 1: under another name; 2: without the symbol; 3: sound, but the computer lacks what it needs;
 * 4: sound, and usable.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-backend.h"

#define EXPORT __attribute__ ((visibility ("default")))

static gboolean
odd_probe (EshiDeviceInfo  *info,
           GError         **error)
{
  if (ODD_KIND == 4)
    {
      g_strlcpy (info->name, "Odd device", sizeof info->name);
      return TRUE;
    }

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED, "No odd device was found.");

  return FALSE;
}

static const EshiBackendClass odd_class = {
  .abi = ODD_KIND == 0 ? ESHI_BACKEND_ABI - 1 : ESHI_BACKEND_ABI,
  .name = ODD_KIND == 1 ? "odd" : "cuda",
  .probe = odd_probe,
};

#if ODD_KIND == 2
#define eshi_backend_plugin_get_class eshi_backend_plugin_get_nothing
#endif

EXPORT const EshiBackendClass *eshi_backend_plugin_get_class (void);

EXPORT const EshiBackendClass *
eshi_backend_plugin_get_class (void)
{
  return &odd_class;
}

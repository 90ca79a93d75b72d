/* eshi-hub-error.c: the domain of the hub's errors, and which of them pass by themselves.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-error.h"

G_DEFINE_QUARK (eshi-hub-error-quark, eshi_hub_error)

gboolean
eshi_hub_error_passes (const GError *error)
{
  return g_error_matches (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_OFFLINE) ||
         g_error_matches (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_CUT) ||
         g_error_matches (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_BUSY) ||
         g_error_matches (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_SERVER);
}

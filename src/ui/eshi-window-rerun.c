/* eshi-window-rerun.c: says whether a picture that was painted again is the same, and if not, what was different.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-reproduction.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#define TOAST_SECONDS 8

typedef struct
{
  EshiWindow *window;
  EshiHistoryPicture *picture;
} Comparing;

static void
tell (EshiWindow               *self,
      const EshiHistoryPicture *before,
      const EshiHistoryPicture *picture)
{
  g_autofree char *words = eshi_reproduction_dup_words (before, picture);
  AdwToast *toast = adw_toast_new (words);

  adw_toast_set_timeout (toast, TOAST_SECONDS);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("COMPARED %s", words);
}

static void
on_before_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autofree Comparing *comparing = user_data;
  g_autoptr(EshiWindow) self = comparing->window;
  g_autoptr(EshiHistoryPicture) picture = comparing->picture;
  g_autoptr(GPtrArray) found = eshi_history_load_finish (ESHI_HISTORY (source), result, NULL);

  if (self->toasts != NULL)
    tell (self, found != NULL && found->len > 0 ? g_ptr_array_index (found, 0) : NULL, picture);
}

static void
on_compared_cb (EshiWindow               *self,
                const EshiHistoryPicture *picture)
{
  Comparing *comparing;

  g_assert (ESHI_IS_WINDOW (self));

  comparing = g_new (Comparing, 1);
  *comparing = (Comparing) { g_object_ref (self), eshi_history_picture_copy (picture) };
  eshi_history_load_async (eshi_session_get_history (self->session), &picture->parent, 1, NULL, on_before_cb, comparing);
}

void
_eshi_window_follow_reruns (EshiWindow *self)
{
  g_signal_connect_object (self->session, "compared", G_CALLBACK (on_compared_cb), self, G_CONNECT_SWAPPED);
}

/* eshi-toasts.c: short messages at the foot of a view, changed one at a time.
 *
 * Time is told by the frames that were drawn, as the fading does it: a window that stands still for a second has not
 * faded anything meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-toasts.h"

#define SETTLE_US (600 * 1000)   /* a toast that replaces another fades in for 500 ms */

typedef struct
{
  AdwToastOverlay *overlay;   /* owns this */
  GQueue changes;             /* of Change; the oldest first */
  gint64 since;               /* frame time, microseconds, of the first frame after the last change; 0 before it */
  guint tick;                 /* while a change is being drawn */
} Toasts;

typedef struct
{
  AdwToast *toast;
  gboolean dismiss;
} Change;

static void
change_free (Change *change)
{
  g_object_unref (change->toast);
  g_free (change);
}

static void
toasts_free (Toasts *self)
{
  g_queue_clear_full (&self->changes, (GDestroyNotify) change_free);
  g_free (self);
}

static void apply_changes (Toasts *self);

static gboolean
on_tick_cb (GtkWidget     *widget,
            GdkFrameClock *clock,
            gpointer       user_data)
{
  Toasts *self = user_data;
  gint64 now = gdk_frame_clock_get_frame_time (clock);

  if (self->since == 0)
    self->since = now;
  if (now - self->since < SETTLE_US)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  apply_changes (self);
  return G_SOURCE_REMOVE;
}

/* Something fades from now on. What is not on the screen does not. */
static void
unsettle (Toasts *self)
{
  self->since = 0;
  if (self->tick == 0 && gtk_widget_get_mapped (GTK_WIDGET (self->overlay)))
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->overlay), on_tick_cb, self, NULL);
}

static void
on_dismissed_cb (AdwToast *toast,
                 gpointer  user_data)
{
  AdwToastOverlay *overlay = ADW_TOAST_OVERLAY (user_data);

  unsettle (g_object_get_data (G_OBJECT (overlay), "eshi-toasts"));
}

/* A toast that waits behind the shown one changes nothing that is seen, until that one is gone. */
static void
apply (Toasts *self,
       Change *change)
{
  if (change->dismiss)
    adw_toast_dismiss (change->toast);
  else
    {
      g_signal_connect_object (change->toast, "dismissed", G_CALLBACK (on_dismissed_cb), self->overlay, G_CONNECT_AFTER);
      adw_toast_overlay_add_toast (self->overlay, g_object_ref (change->toast));
    }
  unsettle (self);
}

static void
apply_changes (Toasts *self)
{
  while (self->tick == 0 && !g_queue_is_empty (&self->changes))
    {
      Change *change = g_queue_pop_head (&self->changes);

      apply (self, change);
      change_free (change);
    }
}

static void
on_unmap_cb (Toasts    *self,
             GtkWidget *widget)
{
  if (self->tick != 0)
    gtk_widget_remove_tick_callback (widget, self->tick);
  self->tick = 0;
  apply_changes (self);
}

static Toasts *
toasts_for (AdwToastOverlay *overlay)
{
  Toasts *self = g_object_get_data (G_OBJECT (overlay), "eshi-toasts");

  if (self != NULL)
    return self;
  self = g_new0 (Toasts, 1);
  self->overlay = overlay;
  g_queue_init (&self->changes);
  g_object_set_data_full (G_OBJECT (overlay), "eshi-toasts", self, (GDestroyNotify) toasts_free);
  /* After: the fading of what is shown ends in the same signal. */
  g_signal_connect_data (overlay, "unmap", G_CALLBACK (on_unmap_cb), self, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

static void
push_change (Toasts   *self,
             AdwToast *toast,
             gboolean  dismiss)
{
  Change *change = g_new0 (Change, 1);

  change->toast = g_object_ref (toast);
  change->dismiss = dismiss;
  g_queue_push_tail (&self->changes, change);
  apply_changes (self);
}

void
eshi_toasts_add (AdwToastOverlay *overlay,
                 AdwToast        *toast)
{
  push_change (toasts_for (overlay), toast, FALSE);
  g_object_unref (toast);
}

static Change *
find_waiting (Toasts   *self,
              AdwToast *toast)
{
  for (GList *l = self->changes.head; l != NULL; l = l->next)
    if (((Change *) l->data)->toast == toast)
      return l->data;
  return NULL;
}

void
eshi_toasts_dismiss (AdwToastOverlay *overlay,
                     AdwToast        *toast)
{
  Toasts *self = toasts_for (overlay);
  Change *waiting = find_waiting (self, toast);

  if (waiting == NULL)
    push_change (self, toast, TRUE);
  if (waiting == NULL || waiting->dismiss)
    return;
  g_queue_remove (&self->changes, waiting);
  g_signal_emit_by_name (toast, "dismissed");
  change_free (waiting);
}

/* eshi-window-download.c: the offer of a model from the hub, and its download while nobody looks.
 *
 * The window holds the download, so that it goes on when the offer is closed; the button with the model's name shows how
 * far it is. When the program ends, what arrived stays for the next time.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-model-offer.h"
#include "eshi-notify.h"
#include "eshi-options.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define NOTIFICATION "model"

void
_eshi_window_label_model (EshiWindow *self)
{
  double fraction = self->download != NULL && eshi_hub_download_get_state (self->download) == ESHI_HUB_STATE_RUNNING
                      ? eshi_hub_download_get_fraction (self->download)
                      : -1.0;
  const char *name = self->model_name != NULL ? self->model_name : _("Model");
  g_autofree char *text = NULL;

  if (fraction < 0.0)
    {
      gtk_menu_button_set_label (self->model_button, name);
      return;
    }
  /* Translators: a model, and how much of another one was downloaded */
  text = g_strdup_printf (_("%s · ↓ %d %%"), name, (int) (fraction * 100.0));
  gtk_menu_button_set_label (self->model_button, text);
}

static void
notify_user (EshiWindow *self,
             const char *title,
             const char *body)
{
  eshi_notify (GTK_WINDOW (self), NOTIFICATION, ESHI_OPTION_NOTIFY_MODELS, title, body, NULL);
}

static void
on_changed_cb (EshiWindow *self)
{
  const GError *error = eshi_hub_download_get_error (self->download);
  EshiHubState state = eshi_hub_download_get_state (self->download);

  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_label_model (self);
  if (state == ESHI_HUB_STATE_FAILED)
    notify_user (self, _("The model is not here yet"), error->message);
  if (state != ESHI_HUB_STATE_DONE)
    return;
  notify_user (self, _("The model is here"), eshi_hub_download_get_repo (self->download));
  _eshi_window_toast (self, _("The model is here; choose it from the menu with the model's name"));
  _eshi_window_models_changed (self);
}

static void
on_chosen_cb (EshiWindow *self,
              const char *path)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_want_model (self, path);
}

/* One that was finished or removed since is offered anew, with the token that it had. */
static EshiHubDownload *
get_download (EshiWindow *self)
{
  g_autoptr(EshiHubDownload) last = NULL;

  if (self->download != NULL && eshi_hub_download_get_state (self->download) != ESHI_HUB_STATE_DONE)
    return self->download;
  last = g_steal_pointer (&self->download);
  self->download = eshi_hub_download_new (NULL, ESHI_HUB_RINNA);
  if (last != NULL)
    eshi_hub_download_set_token (self->download, eshi_hub_download_get_token (last));
  g_signal_connect_object (self->download, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  return self->download;
}

GtkWidget *
_eshi_window_offer_model (EshiWindow *self,
                          GtkWindow  *parent)
{
  GtkWidget *offer = eshi_model_offer_new (parent, get_download (self));

  g_signal_connect_object (offer, "chosen", G_CALLBACK (on_chosen_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (offer));
  eshi_test_log ("OFFERED");
  return offer;
}

static void
get_model_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  _eshi_window_offer_model (ESHI_WINDOW (user_data), GTK_WINDOW (user_data));
}

static const GActionEntry entries[] = {
  { "get-model", get_model_action },
};

void
_eshi_window_add_download (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}

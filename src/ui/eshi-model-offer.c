/* eshi-model-offer.c: a model from a hub: what it is, its licence, its token, its download.
 *
 * The licence is accepted before anything is asked of the hub, and the acceptance is kept with its date where eshi-cli
 * keeps it too. The token goes to the download, which remembers it while the program runs, and, if wanted, to the keyring;
 * no file of ours holds it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-offer.h"

#include "eshi-keyring.h"
#include "eshi-test-log.h"

#include <eshi-hub-licence.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define LICENCE "creativeml-openrail-m"

struct _EshiModelOffer
{
  AdwWindow parent_instance;

  /* Template Widgets */
  AdwPreferencesGroup *about;
  AdwActionRow *room;
  GtkLabel *licence;
  GtkLinkButton *licence_link;
  GtkLinkButton *page_link;
  GtkCheckButton *accept;
  AdwPreferencesGroup *token_group;
  GtkEditable *token;
  AdwActionRow *remember_row;
  GtkWidget *forget;
  GtkSwitch *remember;
  GtkLabel *state;
  GtkProgressBar *bar;
  GtkButton *cancel;
  GtkButton *pause;
  GtkButton *go;

  /* Owned References */
  EshiHubDownload *download;
  GCancellable *cancellable;
  char *url;
};

enum
{
  CHOSEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiModelOffer, eshi_model_offer, ADW_TYPE_WINDOW)

/* --- what is shown ------------------------------------------------------------------------------------------------ */

static const char *
get_go_label (EshiModelOffer *self)
{
  switch (eshi_hub_download_get_state (self->download))
    {
    case ESHI_HUB_STATE_DONE:
      return _("_Use It Now");
    case ESHI_HUB_STATE_FAILED:
      return _("_Try Again");
    case ESHI_HUB_STATE_PAUSED:
      return _("_Continue");
    case ESHI_HUB_STATE_RUNNING:
    case ESHI_HUB_STATE_IDLE:
    case ESHI_HUB_STATE_CANCELLED:
    default:
      return eshi_hub_get_arrived (eshi_hub_download_get_repo (self->download)) > 0 ? _("_Continue") : _("_Download");
    }
}

/* (transfer full) (nullable) */
static char *
dup_state_text (EshiModelOffer *self)
{
  switch (eshi_hub_download_get_state (self->download))
    {
    case ESHI_HUB_STATE_DONE:
      return g_strdup (_("The model is here, whole and verified."));
    case ESHI_HUB_STATE_FAILED:
      return g_strdup (eshi_hub_download_get_error (self->download)->message);
    case ESHI_HUB_STATE_PAUSED:
    case ESHI_HUB_STATE_RUNNING:
      return eshi_hub_download_dup_text (self->download);
    case ESHI_HUB_STATE_IDLE:
    case ESHI_HUB_STATE_CANCELLED:
    default:
      return NULL;
    }
}

static void
show_state (EshiModelOffer *self,
            EshiHubState    state)
{
  g_autofree char *text = dup_state_text (self);

  gtk_label_set_label (self->state, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->state), text != NULL);
  if (state == ESHI_HUB_STATE_FAILED)
    gtk_widget_add_css_class (GTK_WIDGET (self->state), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->state), "error");
  if (text != NULL)
    eshi_test_log ("OFFER %s", text);
}

static void
update (EshiModelOffer *self)
{
  EshiHubState state = eshi_hub_download_get_state (self->download);
  gboolean running = state == ESHI_HUB_STATE_RUNNING;
  gboolean done = state == ESHI_HUB_STATE_DONE;
  gboolean begun = running || state == ESHI_HUB_STATE_PAUSED || state == ESHI_HUB_STATE_FAILED;

  g_assert (ESHI_IS_MODEL_OFFER (self));

  show_state (self, state);
  gtk_progress_bar_set_fraction (self->bar, MAX (0.0, eshi_hub_download_get_fraction (self->download)));
  gtk_widget_set_visible (GTK_WIDGET (self->bar), begun);
  gtk_widget_set_visible (GTK_WIDGET (self->cancel), begun);
  gtk_widget_set_visible (GTK_WIDGET (self->pause), running);
  gtk_widget_set_visible (GTK_WIDGET (self->go), !running);
  gtk_button_set_label (self->go, get_go_label (self));
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), done || gtk_check_button_get_active (self->accept));
  gtk_widget_set_sensitive (GTK_WIDGET (self->token_group), !running && !done);
  gtk_widget_set_sensitive (GTK_WIDGET (self->accept), !begun && !done);
}

static void
show_room (EshiModelOffer *self)
{
  g_autoptr(GFile) data = g_file_new_for_path (g_get_user_data_dir ());
  g_autoptr(GFileInfo) info = NULL;
  g_autofree char *free_text = NULL;
  g_autofree char *text = NULL;

  info = g_file_query_filesystem_info (data, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, NULL, NULL);
  if (info == NULL)
    {
      adw_action_row_set_subtitle (self->room, _("About 5 GB"));
      return;
    }
  free_text = g_format_size (g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE));
  /* Translators: %s is like "120 GB" */
  text = g_strdup_printf (_("About 5 GB; %s of the disk are free"), free_text);
  adw_action_row_set_subtitle (self->room, text);
}

static void
show_licence (EshiModelOffer *self)
{
  const char *repo = eshi_hub_download_get_repo (self->download);
  g_autofree char *page = g_strdup_printf ("%s/%s", self->url, repo);
  g_autofree char *date = eshi_hub_licence_dup_date (repo);
  g_autofree char *accepted = NULL;

  adw_preferences_group_set_title (self->about, repo);
  gtk_label_set_label (self->licence, eshi_hub_licence_summary (LICENCE));
  gtk_link_button_set_uri (self->licence_link, eshi_hub_licence_url (LICENCE));
  gtk_link_button_set_uri (self->page_link, page);
  if (date == NULL)
    return;
  gtk_check_button_set_active (self->accept, TRUE);
  /* Translators: %.10s is a date, 2026-11-26 */
  accepted = g_strdup_printf (_("I accepted the licence on %.10s"), date);
  gtk_check_button_set_label (self->accept, accepted);
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static void
show_token (EshiModelOffer *self,
            const char     *token)
{
  gtk_editable_set_text (self->token, token != NULL ? token : "");
}

static void
on_token_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(EshiModelOffer) self = user_data;
  g_autofree char *token = NULL;
  gboolean keyring = eshi_keyring_read_finish (result, &token);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  gtk_widget_set_visible (self->forget, token != NULL);
  if (*gtk_editable_get_text (self->token) == '\0')
    show_token (self, token != NULL ? token : eshi_hub_download_get_token (self->download));
  gtk_switch_set_active (self->remember, keyring);
  gtk_widget_set_sensitive (GTK_WIDGET (self->remember_row), keyring);
  if (!keyring)
    adw_action_row_set_subtitle (self->remember_row,
                                 _("This desktop has no keyring, so the token is kept until Eshi is closed"));
  eshi_test_log ("KEYRING %s", keyring ? "yes" : "no");
}

/* (transfer full) (nullable): what was pasted, without the spaces that come with pasting */
static char *
dup_token (EshiModelOffer *self)
{
  char *token = g_strstrip (g_strdup (gtk_editable_get_text (self->token)));

  if (*token != '\0')
    return token;
  g_free (token);
  return NULL;
}

static void
keep_token (EshiModelOffer *self,
            const char     *token)
{
  gboolean kept = token != NULL && gtk_switch_get_active (self->remember);

  if (!gtk_widget_get_sensitive (GTK_WIDGET (self->remember_row)))
    return;
  eshi_keyring_write (self->url, kept ? token : NULL);
  gtk_widget_set_visible (self->forget, kept);
}

static void
on_forget_cb (EshiModelOffer *self)
{
  g_assert (ESHI_IS_MODEL_OFFER (self));

  eshi_keyring_write (self->url, NULL);
  eshi_hub_download_set_token (self->download, NULL);
  show_token (self, NULL);
  gtk_widget_grab_focus (GTK_WIDGET (self->token));
  gtk_widget_set_visible (self->forget, FALSE);
}

/* --- the buttons -------------------------------------------------------------------------------------------------- */

/* What the licence asks for is kept before anything is fetched. */
static gboolean
keep_acceptance (EshiModelOffer *self)
{
  const char *repo = eshi_hub_download_get_repo (self->download);
  g_autofree char *date = eshi_hub_licence_dup_date (repo);
  g_autoptr(GError) error = NULL;

  if (date != NULL || eshi_hub_licence_accept (repo, LICENCE, &error))
    return TRUE;
  gtk_label_set_label (self->state, error->message);
  gtk_widget_set_visible (GTK_WIDGET (self->state), TRUE);
  return FALSE;
}

static void
on_go_cb (EshiModelOffer *self)
{
  g_autofree char *token = NULL;

  g_assert (ESHI_IS_MODEL_OFFER (self));

  if (eshi_hub_download_get_state (self->download) == ESHI_HUB_STATE_DONE)
    {
      g_signal_emit (self, signals[CHOSEN], 0, eshi_hub_download_get_path (self->download));
      gtk_window_close (GTK_WINDOW (self));
      return;
    }
  if (!keep_acceptance (self))
    return;
  token = dup_token (self);
  keep_token (self, token);
  eshi_hub_download_set_token (self->download, token);
  eshi_hub_download_start (self->download);
}

static void
on_pause_cb (EshiModelOffer *self)
{
  g_assert (ESHI_IS_MODEL_OFFER (self));

  eshi_hub_download_pause (self->download);
}

static void
on_cancel_cb (EshiModelOffer *self)
{
  g_assert (ESHI_IS_MODEL_OFFER (self));

  eshi_hub_download_cancel (self->download);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_model_offer_dispose (GObject *object)
{
  EshiModelOffer *self = ESHI_MODEL_OFFER (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_MODEL_OFFER);
  G_OBJECT_CLASS (eshi_model_offer_parent_class)->dispose (object);
}

static void
eshi_model_offer_finalize (GObject *object)
{
  EshiModelOffer *self = ESHI_MODEL_OFFER (object);

  g_object_unref (self->cancellable);
  g_clear_object (&self->download);
  g_free (self->url);
  G_OBJECT_CLASS (eshi_model_offer_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-model-offer.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, about);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, room);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, licence);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, licence_link);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, page_link);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, accept);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, token_group);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, token);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, remember_row);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, forget);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, remember);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, state);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, bar);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, cancel);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, pause);
  gtk_widget_class_bind_template_child (widget_class, EshiModelOffer, go);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, on_forget_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_go_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_pause_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_cb);
}

static void
eshi_model_offer_class_init (EshiModelOfferClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_model_offer_dispose;
  G_OBJECT_CLASS (klass)->finalize = eshi_model_offer_finalize;
  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
eshi_model_offer_init (EshiModelOffer *self)
{
  self->cancellable = g_cancellable_new ();
  self->url = eshi_hub_dup_url (NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_model_offer_new (GtkWindow       *parent,
                      EshiHubDownload *download)
{
  EshiModelOffer *self;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (download), NULL);

  self = g_object_new (ESHI_TYPE_MODEL_OFFER, "transient-for", parent, NULL);
  self->download = g_object_ref (download);
  g_signal_connect_object (download, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  show_room (self);
  show_licence (self);
  update (self);
  eshi_keyring_read (self->url, self->cancellable, on_token_cb, g_object_ref (self));
  return GTK_WIDGET (self);
}

/* eshi-application.c: the program: one process, one window; a picture file given to it is read for its settings.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-application.h"

#include "eshi-test-log.h"
#include "eshi-window.h"

#include <glib/gi18n-lib.h>
#include <libeshi-engine.h>

struct _EshiApplication
{
  AdwApplication parent_instance;

  /* Owned References */
  EshiSession *session;
  EshiDraft *draft;
};

G_DEFINE_FINAL_TYPE (EshiApplication, eshi_application, ADW_TYPE_APPLICATION)

static void
about_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  GtkApplication *application = GTK_APPLICATION (user_data);
  g_autofree char *devices = eshi_engine_describe_devices ();
  GtkWidget *about = adw_about_window_new ();

  g_object_set (about,
                "application-name", _("Eshi"),
                "application-icon", ESHI_APP_ID,
                "developer-name", _("The Eshi Painters"),
                "version", ESHI_VERSION,
                "comments", _("Paints pictures from Japanese words, on your own computer."),
                "license-type", GTK_LICENSE_MIT_X11,
                "debug-info", devices,
                "transient-for", gtk_application_get_active_window (application),
                "modal", TRUE,
                NULL);
  gtk_window_present (GTK_WINDOW (about));
}

static void
quit_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (user_data));

  /* The window may ask first, when something is being painted. */
  if (window != NULL)
    gtk_window_close (window);
  else
    g_application_quit (G_APPLICATION (user_data));
}

static const GActionEntry entries[] = {
  { "about", about_action },
  { "quit", quit_action },
};

static void
eshi_application_startup (GApplication *application)
{
  EshiApplication *self = ESHI_APPLICATION (application);

  G_APPLICATION_CLASS (eshi_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  gtk_window_set_default_icon_name (ESHI_APP_ID);
  self->session = eshi_session_new ();
  self->draft = eshi_draft_new (NULL);
}

static GtkWindow *
ensure_window (EshiApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (window == NULL)
    window = GTK_WINDOW (eshi_window_new (GTK_APPLICATION (self), self->session, self->draft));
  return window;
}

static void
eshi_application_activate (GApplication *application)
{
  gtk_window_present (ensure_window (ESHI_APPLICATION (application)));
  eshi_test_log ("ACTIVATED");
}

static void
eshi_application_open (GApplication  *application,
                       GFile        **files,
                       int            n_files,
                       const char    *hint)
{
  GtkWindow *window = ensure_window (ESHI_APPLICATION (application));

  eshi_window_load_settings_of_file (ESHI_WINDOW (window), files[n_files - 1]);
  gtk_window_present (window);
}

static int
eshi_application_handle_local_options (GApplication *application,
                                       GVariantDict *options)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;
  g_print ("Eshi %s\n", ESHI_VERSION);
  return 0;
}

static void
eshi_application_shutdown (GApplication *application)
{
  EshiApplication *self = ESHI_APPLICATION (application);

  if (self->draft != NULL)
    eshi_draft_flush (self->draft);
  g_clear_object (&self->session);
  g_clear_object (&self->draft);
  G_APPLICATION_CLASS (eshi_application_parent_class)->shutdown (application);
}

static void
eshi_application_class_init (EshiApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->startup = eshi_application_startup;
  application_class->activate = eshi_application_activate;
  application_class->open = eshi_application_open;
  application_class->handle_local_options = eshi_application_handle_local_options;
  application_class->shutdown = eshi_application_shutdown;
}

static void
eshi_application_init (EshiApplication *self)
{
  g_application_add_main_option (G_APPLICATION (self), "version", 'v', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE,
                                 _("Print the version and quit"), NULL);
}

EshiApplication *
eshi_application_new (void)
{
  return g_object_new (ESHI_TYPE_APPLICATION,
                       "application-id", ESHI_APP_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/io/github/eshi_app/Eshi",
                       NULL);
}

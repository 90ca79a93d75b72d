/* eshi-application.c: the program: one process, one window, and what the desktop asks of it.
 *
 * A second start hands its files and its options to the first and raises its window. The actions `generate`, `new-image`,
 * `from-clipboard`, `gallery`, `search` and `show-picture` are on the session bus (org.freedesktop.Application and
 * org.gtk.Actions), where scripts and the desktop's menu find them too.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-application.h"

#include "eshi-about.h"
#include "eshi-help.h"
#include "eshi-loop-probe.h"
#include "eshi-paint-request.h"
#include "eshi-search-provider.h"
#include "eshi-test-log.h"
#include "eshi-window.h"

#include <glib/gi18n-lib.h>
#include <libeshi-engine.h>

#define EXIT_USAGE 2
#define SERVICE_SECONDS 30   /* that a program started for the search waits for more of it */

struct _EshiApplication
{
  AdwApplication parent_instance;

  /* Owned References */
  EshiSession *session;
  EshiDraft *draft;
  EshiSearchProvider *search_provider;
};

G_DEFINE_FINAL_TYPE (EshiApplication, eshi_application, ADW_TYPE_APPLICATION)

static void
about_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  GtkWindow *parent = gtk_application_get_active_window (GTK_APPLICATION (user_data));

  gtk_window_present (GTK_WINDOW (eshi_about_new (parent)));
}

static void
help_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  eshi_help_show (gtk_application_get_active_window (GTK_APPLICATION (user_data)));
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

static EshiWindow *
ensure_window (EshiApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  /* Dialogs, the shortcuts for one, are windows too. */
  while (window != NULL && !ESHI_IS_WINDOW (window))
    window = gtk_window_get_transient_for (window);
  if (window != NULL)
    return ESHI_WINDOW (window);
  return eshi_window_new (GTK_APPLICATION (self), self->session, self->draft);
}

static EshiWindow *
present_window (EshiApplication *self)
{
  EshiWindow *window = ensure_window (self);

  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static void
generate_action (GSimpleAction *action,
                 GVariant      *parameter,
                 gpointer       user_data)
{
  eshi_window_paint (present_window (ESHI_APPLICATION (user_data)), parameter);
}

static void
new_image_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  eshi_window_begin_picture (present_window (ESHI_APPLICATION (user_data)));
}

static void
from_clipboard_action (GSimpleAction *action,
                       GVariant      *parameter,
                       gpointer       user_data)
{
  eshi_window_paste_picture (present_window (ESHI_APPLICATION (user_data)));
}

static void
present_action (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  present_window (ESHI_APPLICATION (user_data));
}

static void
gallery_action (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  eshi_window_show_gallery (present_window (ESHI_APPLICATION (user_data)));
}

static void
search_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  eshi_window_search (present_window (ESHI_APPLICATION (user_data)), g_variant_get_string (parameter, NULL));
}

static void
show_picture_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  eshi_window_show_picture (present_window (ESHI_APPLICATION (user_data)), g_variant_get_int64 (parameter));
}

static const GActionEntry entries[] = {
  { "about", about_action },
  { "help", help_action },
  { "quit", quit_action },
  { "generate", generate_action, "a{sv}" },
  { "new-image", new_image_action },
  { "from-clipboard", from_clipboard_action },
  { "present", present_action },
  { "gallery", gallery_action },
  { "search", search_action, "s" },
  { "show-picture", show_picture_action, "x" },
};

static void
eshi_application_startup (GApplication *application)
{
  EshiApplication *self = ESHI_APPLICATION (application);

  G_APPLICATION_CLASS (eshi_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  eshi_loop_probe_start ();
  gtk_window_set_default_icon_name (ESHI_APP_ID);
  self->session = eshi_session_new ();
  self->draft = eshi_draft_new (NULL);
  eshi_search_provider_set_history (self->search_provider, eshi_session_get_history (self->session));
  if (g_application_get_flags (application) & G_APPLICATION_IS_SERVICE)
    g_application_set_inactivity_timeout (application, SERVICE_SECONDS * 1000);
}

static void
eshi_application_activate (GApplication *application)
{
  present_window (ESHI_APPLICATION (application));
  eshi_test_log ("ACTIVATED");
}

static void
eshi_application_open (GApplication  *application,
                       GFile        **files,
                       int            n_files,
                       const char    *hint)
{
  EshiWindow *window = present_window (ESHI_APPLICATION (application));

  /* Of several, the settings of one can be shown. */
  eshi_window_load_settings_of_file (window, files[n_files - 1]);
}

/* The options that are actions without a parameter. */
static const char * const action_options[] = { "new-image", "from-clipboard", "gallery" };

static void
activate_options (GApplication *application,
                  GVariantDict *options)
{
  const char *text;

  for (guint i = 0; i < G_N_ELEMENTS (action_options); i++)
    {
      if (g_variant_dict_contains (options, action_options[i]))
        g_action_group_activate_action (G_ACTION_GROUP (application), action_options[i], NULL);
    }
  if (g_variant_dict_lookup (options, "search", "&s", &text))
    g_action_group_activate_action (G_ACTION_GROUP (application), "search", g_variant_new_string (text));
}

static int
eshi_application_handle_local_options (GApplication *application,
                                       GVariantDict *options)
{
  g_autoptr(GVariant) request = NULL;
  g_autoptr(GError) error = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("Eshi %s\n", ESHI_VERSION);
      return 0;
    }
  request = eshi_paint_request_new_from_options (options, &error);
  if (error != NULL)
    {
      g_printerr ("eshi: %s\n", error->message);
      return EXIT_USAGE;
    }
  if (!g_application_register (application, NULL, &error))
    {
      g_printerr ("eshi: %s\n", error->message);
      return EXIT_FAILURE;
    }
  /* In a second start these go to the first one. */
  activate_options (application, options);
  if (request != NULL)
    g_action_group_activate_action (G_ACTION_GROUP (application), "generate", request);
  return -1;
}

/* --- the shell's search ------------------------------------------------------------------------------------------ */

static void
on_activate_picture_cb (EshiApplication *self,
                        gint64           id)
{
  g_assert (ESHI_IS_APPLICATION (self));

  eshi_window_show_picture (present_window (self), id);
}

static void
on_launch_search_cb (EshiApplication *self,
                     const char      *text)
{
  g_assert (ESHI_IS_APPLICATION (self));

  eshi_window_search (present_window (self), text);
}

static gboolean
eshi_application_dbus_register (GApplication     *application,
                                GDBusConnection  *connection,
                                const char       *object_path,
                                GError          **error)
{
  EshiApplication *self = ESHI_APPLICATION (application);

  return G_APPLICATION_CLASS (eshi_application_parent_class)->dbus_register (application, connection, object_path, error) &&
         eshi_search_provider_export (self->search_provider, connection, object_path, error);
}

static void
eshi_application_dbus_unregister (GApplication    *application,
                                  GDBusConnection *connection,
                                  const char      *object_path)
{
  EshiApplication *self = ESHI_APPLICATION (application);

  if (self->search_provider != NULL)
    eshi_search_provider_unexport (self->search_provider);
  G_APPLICATION_CLASS (eshi_application_parent_class)->dbus_unregister (application, connection, object_path);
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
eshi_application_finalize (GObject *object)
{
  g_clear_object (&ESHI_APPLICATION (object)->search_provider);
  G_OBJECT_CLASS (eshi_application_parent_class)->finalize (object);
}

static void
eshi_application_class_init (EshiApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = eshi_application_finalize;
  application_class->dbus_register = eshi_application_dbus_register;
  application_class->dbus_unregister = eshi_application_dbus_unregister;
  application_class->startup = eshi_application_startup;
  application_class->activate = eshi_application_activate;
  application_class->open = eshi_application_open;
  application_class->handle_local_options = eshi_application_handle_local_options;
  application_class->shutdown = eshi_application_shutdown;
}

static void
eshi_application_init (EshiApplication *self)
{
  const GOptionEntry options[] = {
    { "version", 'v', 0, G_OPTION_ARG_NONE, NULL, N_("Print the version and quit"), NULL },
    { "new-image", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Go to the prompt for a new picture"), NULL },
    { "from-clipboard", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Start from the picture on the clipboard"), NULL },
    { "gallery", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Open the gallery"), NULL },
    { "search", 0, 0, G_OPTION_ARG_STRING, NULL, N_("Search the gallery"), N_("TEXT") },
    { NULL },
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _("[FILE…]"));
  eshi_paint_request_add_options (G_APPLICATION (self));
  self->search_provider = eshi_search_provider_new ();
  g_signal_connect_object (self->search_provider, "activate-picture", G_CALLBACK (on_activate_picture_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search_provider, "launch-search", G_CALLBACK (on_launch_search_cb), self,
                           G_CONNECT_SWAPPED);
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

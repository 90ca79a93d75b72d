/* eshi-search-provider.c: pictures for the search of the GNOME Shell.
 *
 * Finds what the gallery finds: words that all occur, whatever the kind of kana. Results are pictures only; painting
 * something new from the shell's search is left out, because results are things and not deeds.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-search-provider.h"

#include <eshi-thumbnails.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n-lib.h>

#define MAX_RESULTS 20    /* the shell shows a handful, and says how many more there are */
#define MAX_METAS 50      /* asked for at once, that are answered */
#define ICON_SIZE 128

static const char introspection[] =
  "<node>"
  "  <interface name='org.gnome.Shell.SearchProvider2'>"
  "    <method name='GetInitialResultSet'>"
  "      <arg type='as' direction='in'/><arg type='as' direction='out'/>"
  "    </method>"
  "    <method name='GetSubsearchResultSet'>"
  "      <arg type='as' direction='in'/><arg type='as' direction='in'/><arg type='as' direction='out'/>"
  "    </method>"
  "    <method name='GetResultMetas'>"
  "      <arg type='as' direction='in'/><arg type='aa{sv}' direction='out'/>"
  "    </method>"
  "    <method name='ActivateResult'>"
  "      <arg type='s' direction='in'/><arg type='as' direction='in'/><arg type='u' direction='in'/>"
  "    </method>"
  "    <method name='LaunchSearch'>"
  "      <arg type='as' direction='in'/><arg type='u' direction='in'/>"
  "    </method>"
  "  </interface>"
  "</node>";

struct _EshiSearchProvider
{
  GObject parent_instance;

  /* Owned References */
  EshiHistory *history;
  GDBusConnection *connection;
  GCancellable *cancellable;   /* of the search that runs; another one makes it useless */

  guint registration;
};

enum
{
  ACTIVATE_PICTURE,
  LAUNCH_SEARCH,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSearchProvider, eshi_search_provider, G_TYPE_OBJECT)

/* A call that is being answered; the program does not end before it is. */
typedef struct
{
  GDBusMethodInvocation *invocation;
  GApplication *application;
} Call;

static Call *
call_new (GDBusMethodInvocation *invocation)
{
  Call *call = g_new0 (Call, 1);

  call->invocation = g_object_ref (invocation);
  if (g_application_get_default () != NULL)
    call->application = g_object_ref (g_application_get_default ());
  if (call->application != NULL)
    g_application_hold (call->application);
  return call;
}

static void
call_free (Call *call)
{
  if (call->application != NULL)
    g_application_release (call->application);
  g_clear_object (&call->application);
  g_object_unref (call->invocation);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* --- searching --------------------------------------------------------------------------------------------------- */

static void
answer_found (GDBusMethodInvocation *invocation,
              const EshiHistoryPage *page)
{
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (guint i = 0; page != NULL && i < page->pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (page->pictures, i);
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, picture->id);

      g_variant_builder_add (&builder, "s", id);
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(as)", &builder));
}

static void
on_found_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHistoryPage) page = eshi_history_find_finish (ESHI_HISTORY (source), result, &error);

  /* The shell has no place for what went wrong; the gallery has. */
  if (page == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_message ("The shell's search was not answered: %s", error->message);
  answer_found (call->invocation, page);
}

static void
find (EshiSearchProvider     *self,
      char                  **terms,
      GDBusMethodInvocation  *invocation)
{
  g_autofree char *text = g_strjoinv (" ", terms);
  EshiHistoryQuery query = { .text = g_strstrip (text), .limit = MAX_RESULTS };

  if (self->history == NULL || text[0] == '\0')
    {
      answer_found (invocation, NULL);
      return;
    }
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  eshi_history_find_async (self->history, &query, self->cancellable, on_found_cb, call_new (invocation));
}

/* --- what a result looks like ------------------------------------------------------------------------------------ */

/* The thumbnail as (iiibiiay): width, height, row stride, alpha, bits, channels, pixels; NULL if there is none.
 * (transfer full) */
static GVariant *
create_icon (const char *path)
{
  g_autoptr(EshiImage) image = eshi_thumbnail_load (path, NULL);
  g_autoptr(GdkPixbuf) whole = NULL;
  g_autoptr(GdkPixbuf) icon = NULL;
  int width = image != NULL ? eshi_image_get_width (image) : 0;
  int height = image != NULL ? eshi_image_get_height (image) : 0;
  double scale = MIN (1.0, (double) ICON_SIZE / MAX (1, MAX (width, height)));
  g_autoptr(GBytes) pixels = NULL;
  GVariant *bytes;

  if (image == NULL)
    return NULL;
  pixels = eshi_image_get_pixels (image) != NULL ? g_bytes_ref (eshi_image_get_pixels (image)) : NULL;
  whole = gdk_pixbuf_new_from_bytes (pixels, GDK_COLORSPACE_RGB, FALSE, 8, width, height, 3 * width);
  icon = gdk_pixbuf_scale_simple (whole, MAX (1, (int) (width * scale)), MAX (1, (int) (height * scale)),
                                  GDK_INTERP_BILINEAR);
  bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, gdk_pixbuf_read_pixels (icon),
                                     gdk_pixbuf_get_byte_length (icon), 1);
  return g_variant_ref_sink (g_variant_new ("(iiibii@ay)", gdk_pixbuf_get_width (icon), gdk_pixbuf_get_height (icon),
                                            gdk_pixbuf_get_rowstride (icon), FALSE, 8, 3, bytes));
}

/* The day and the size. (transfer full) */
static char *
dup_description (const EshiHistoryPicture *picture)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (picture->created / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = g_date_time_to_local (utc);
  g_autofree char *day = g_date_time_format (local, _("%B %-d, %Y"));

  return g_strdup_printf ("%s · %d × %d", day, picture->settings->width, picture->settings->height);
}

static void
add_meta (GVariantBuilder          *builder,
          const EshiHistoryPicture *picture)
{
  const char *prompt = picture->settings->prompt;
  gboolean has_prompt = prompt != NULL && prompt[0] != '\0';
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, picture->id);
  g_autofree char *name = g_strdelimit (g_strdup (has_prompt ? prompt : _("Picture without a prompt")), "\r\n", ' ');
  g_autofree char *description = dup_description (picture);
  g_autoptr(GVariant) icon = create_icon (picture->path);

  g_variant_builder_open (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (builder, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (builder, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (builder, "{sv}", "description", g_variant_new_string (description));
  if (has_prompt)
    g_variant_builder_add (builder, "{sv}", "clipboardText", g_variant_new_string (prompt));
  if (icon != NULL)
    g_variant_builder_add (builder, "{sv}", "icon-data", icon);
  g_variant_builder_close (builder);
}

static void
describe_in_thread (GTask        *task,
                    gpointer      source,
                    gpointer      task_data,
                    GCancellable *cancellable)
{
  GPtrArray *pictures = task_data;
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < pictures->len; i++)
    add_meta (&builder, g_ptr_array_index (pictures, i));
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("(aa{sv})", &builder)),
                         (GDestroyNotify) g_variant_unref);
}

static void
on_described_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GVariant) metas = g_task_propagate_pointer (G_TASK (result), NULL);

  g_dbus_method_invocation_return_value (call->invocation, metas);
}

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) pictures = eshi_history_load_finish (ESHI_HISTORY (source), result, &error);
  g_autoptr(GTask) task = NULL;

  if (pictures == NULL)
    {
      g_dbus_method_invocation_return_gerror (call->invocation, error);
      return;
    }
  task = g_task_new (source, NULL, on_described_cb, g_steal_pointer (&call));
  g_task_set_source_tag (task, on_loaded_cb);
  g_task_set_task_data (task, g_steal_pointer (&pictures), (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, describe_in_thread);
}

static void
describe (EshiSearchProvider     *self,
          char                  **results,
          GDBusMethodInvocation  *invocation)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; results[i] != NULL && i < MAX_METAS; i++)
    {
      gint64 id = g_ascii_strtoll (results[i], NULL, 10);

      g_array_append_val (ids, id);
    }
  if (self->history == NULL || ids->len == 0)
    {
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aa{sv})", NULL));
      return;
    }
  eshi_history_load_async (self->history, (const gint64 *) (gpointer) ids->data, ids->len, NULL, on_loaded_cb,
                           call_new (invocation));
}

/* --- the interface ----------------------------------------------------------------------------------------------- */

static void
activate (EshiSearchProvider *self,
          const char         *result)
{
  gint64 id = g_ascii_strtoll (result, NULL, 10);

  if (id > 0)
    g_signal_emit (self, signals[ACTIVATE_PICTURE], 0, id);
}

static void
launch (EshiSearchProvider  *self,
        char               **terms)
{
  g_autofree char *text = g_strjoinv (" ", terms);

  g_signal_emit (self, signals[LAUNCH_SEARCH], 0, text);
}

static void
on_method_cb (GDBusConnection       *connection,
              const char            *sender,
              const char            *object_path,
              const char            *interface_name,
              const char            *method_name,
              GVariant              *parameters,
              GDBusMethodInvocation *invocation,
              gpointer               user_data)
{
  EshiSearchProvider *self = ESHI_SEARCH_PROVIDER (user_data);
  g_auto(GStrv) words = NULL;
  const char *result = NULL;

  if (g_str_equal (method_name, "GetInitialResultSet") || g_str_equal (method_name, "GetResultMetas"))
    g_variant_get (parameters, "(^as)", &words);
  else if (g_str_equal (method_name, "GetSubsearchResultSet"))
    g_variant_get (parameters, "(as^as)", NULL, &words);
  else if (g_str_equal (method_name, "LaunchSearch"))
    g_variant_get (parameters, "(^asu)", &words, NULL);
  else
    g_variant_get (parameters, "(&sasu)", &result, NULL, NULL);

  if (g_str_equal (method_name, "GetResultMetas"))
    {
      describe (self, words, invocation);
    }
  else if (g_str_has_suffix (method_name, "ResultSet"))
    {
      find (self, words, invocation);
    }
  else
    {
      if (result != NULL)
        activate (self, result);
      else
        launch (self, words);
      g_dbus_method_invocation_return_value (invocation, NULL);
    }
}

gboolean
eshi_search_provider_export (EshiSearchProvider  *self,
                             GDBusConnection     *connection,
                             const char          *application_path,
                             GError             **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_cb };
  g_autoptr(GDBusNodeInfo) node = NULL;
  g_autofree char *path = NULL;

  g_return_val_if_fail (ESHI_IS_SEARCH_PROVIDER (self), FALSE);
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), FALSE);

  node = g_dbus_node_info_new_for_xml (introspection, error);
  if (node == NULL)
    return FALSE;
  path = g_strconcat (application_path, "/SearchProvider", NULL);
  self->registration = g_dbus_connection_register_object (connection, path, node->interfaces[0], &vtable, self, NULL,
                                                          error);
  g_set_object (&self->connection, connection);
  return self->registration != 0;
}

void
eshi_search_provider_unexport (EshiSearchProvider *self)
{
  g_return_if_fail (ESHI_IS_SEARCH_PROVIDER (self));

  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  self->registration = 0;
  g_clear_object (&self->connection);
}

void
eshi_search_provider_set_history (EshiSearchProvider *self,
                                  EshiHistory        *history)
{
  g_return_if_fail (ESHI_IS_SEARCH_PROVIDER (self));
  g_return_if_fail (ESHI_IS_HISTORY (history));

  g_set_object (&self->history, history);
}

static void
eshi_search_provider_dispose (GObject *object)
{
  EshiSearchProvider *self = ESHI_SEARCH_PROVIDER (object);

  eshi_search_provider_unexport (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->history);
  G_OBJECT_CLASS (eshi_search_provider_parent_class)->dispose (object);
}

static void
eshi_search_provider_class_init (EshiSearchProviderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_search_provider_dispose;
  signals[ACTIVATE_PICTURE] = g_signal_new ("activate-picture", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[LAUNCH_SEARCH] = g_signal_new ("launch-search", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
eshi_search_provider_init (EshiSearchProvider *self)
{
}

EshiSearchProvider *
eshi_search_provider_new (void)
{
  return g_object_new (ESHI_TYPE_SEARCH_PROVIDER, NULL);
}

/* test-ui-uses.c: what pictures are used for: marks that are undone, copies in other formats, the wallpaper, requests of
 * other programs.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <eshi-contact-sheet.h>
#include <eshi-picture-file.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "eshi-export.h"
#include "eshi-gallery.h"
#include "eshi-history-item.h"
#include "eshi-info-pane.h"
#include "eshi-paint-request.h"
#include "eshi-wallpaper.h"

#define N_PICTURES 3
#define SIDE 64
#define PROMPT "猫 油絵"

static void
settle_until (gboolean (*check) (gpointer),
              gpointer user_data)
{
  gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!check (user_data) && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  if (g_get_monotonic_time () >= end)
    g_error ("what was waited for did not come");
}

static gboolean
is_set (gpointer pointer)
{
  return *(gpointer *) pointer != NULL;
}

static EshiImage *
create_image (void)
{
  guint8 *pixels = g_malloc (3 * SIDE * SIDE);
  g_autoptr(GBytes) bytes = NULL;

  for (int i = 0; i < 3 * SIDE * SIDE; i++)
    pixels[i] = (guint8) (i / 3 % SIDE * 255 / SIDE);
  bytes = g_bytes_new_take (pixels, 3 * SIDE * SIDE);
  return eshi_image_new (SIDE, SIDE, bytes);
}

static EshiSettings *
create_settings (void)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (PROMPT);
  settings->width = settings->height = SIDE;
  settings->steps = 2;
  settings->guidance = 2.0;
  settings->seed = 7;
  return settings;
}

/* --- marks ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  EshiHistory *history;
  GtkWidget *window;
  GtkWidget *gallery;
  GtkWidget *grid;
  GtkWidget *info;
} Rig;

static GtkWidget *
find_widget (GtkWidget *root,
             GType      type)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE (child, type) ? child : find_widget (child, type);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
on_result_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
save_pictures (EshiHistory *history)
{
  g_autoptr(EshiImage) image = create_image ();
  g_autoptr(EshiSettings) settings = create_settings ();
  EshiHistoryNew picture = { .image = image, .settings = settings, .model_name = "豆" };

  for (int i = 0; i < N_PICTURES; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(EshiHistoryPicture) saved = NULL;
      g_autoptr(GError) error = NULL;

      eshi_history_save_async (history, &picture, on_result_cb, &result);
      settle_until (is_set, &result);
      saved = eshi_history_save_finish (history, result, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (saved->id, ==, i + 1);
    }
}

/* Favourite, rating and tags of all pictures, the oldest first, in one line. */
static char *
dup_marks (EshiHistory *history)
{
  const gint64 ids[N_PICTURES] = { 1, 2, 3 };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) pictures = NULL;
  g_autoptr(GString) text = g_string_new (NULL);

  eshi_history_load_async (history, ids, N_PICTURES, NULL, on_result_cb, &result);
  settle_until (is_set, &result);
  pictures = eshi_history_load_finish (history, result, NULL);
  for (guint i = 0; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (pictures, i);
      g_autofree char *tags = g_strjoinv ("+", picture->tags);

      g_string_append_printf (text, "%s%d%d%s", i > 0 ? " " : "", picture->favourite, picture->rating, tags);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

typedef struct
{
  EshiHistory *history;
  const char *expected;
} Expectation;

static gboolean
has_marks (gpointer user_data)
{
  const Expectation *expectation = user_data;
  g_autofree char *marks = dup_marks (expectation->history);

  return g_str_equal (marks, expectation->expected);
}

static void
wait_for_marks (Rig        *rig,
                const char *expected)
{
  Expectation expectation = { rig->history, expected };

  settle_until (has_marks, &expectation);
}

static gboolean
shows_all (gpointer grid)
{
  return g_list_model_get_n_items (G_LIST_MODEL (gtk_grid_view_get_model (grid))) == N_PICTURES;
}

static void
rig_open (Rig *rig)
{
  g_autofree char *data = g_dir_make_tmp ("eshi-data-XXXXXX", NULL);
  g_autofree char *pictures = g_dir_make_tmp ("eshi-pictures-XXXXXX", NULL);

  rig->history = eshi_history_new (data, pictures);
  save_pictures (rig->history);
  rig->window = gtk_window_new ();
  rig->gallery = eshi_gallery_new ();
  rig->grid = find_widget (rig->gallery, GTK_TYPE_GRID_VIEW);
  rig->info = find_widget (rig->gallery, ESHI_TYPE_INFO_PANE);
  gtk_window_set_default_size (GTK_WINDOW (rig->window), 900, 600);
  gtk_window_set_child (GTK_WINDOW (rig->window), rig->gallery);
  eshi_gallery_set_history (ESHI_GALLERY (rig->gallery), rig->history);
  gtk_window_present (GTK_WINDOW (rig->window));
  settle_until (shows_all, rig->grid);
}

static void
rig_close (Rig *rig)
{
  gtk_window_destroy (GTK_WINDOW (rig->window));
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_object_unref (rig->history);
}

/* The place of a picture in the grid is the other way round: the newest is first. */
static void
select_only (Rig    *rig,
             gint64  id)
{
  gtk_selection_model_select_item (gtk_grid_view_get_model (GTK_GRID_VIEW (rig->grid)), (guint) (N_PICTURES - id), TRUE);
}

/* What is undone is how each picture was, not the opposite of what was done. */
static void
test_marks (void)
{
  Rig rig;

  rig_open (&rig);
  select_only (&rig, 2);
  gtk_widget_activate_action (rig.grid, "gallery.favourite", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.rate", "i", 4);
  g_signal_emit_by_name (rig.info, "set-tag", " 夜 ", TRUE);
  wait_for_marks (&rig, "00 14夜 00");

  gtk_widget_activate_action (rig.grid, "gallery.select-all", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.favourite", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.rate", "i", 2);
  g_signal_emit_by_name (rig.info, "set-tag", "夜", TRUE);
  wait_for_marks (&rig, "12夜 12夜 12夜");
  gtk_widget_activate_action (rig.grid, "gallery.undo", NULL);
  wait_for_marks (&rig, "12 12夜 12");
  gtk_widget_activate_action (rig.grid, "gallery.undo", NULL);
  wait_for_marks (&rig, "10 14夜 10");
  gtk_widget_activate_action (rig.grid, "gallery.undo", NULL);
  wait_for_marks (&rig, "00 14夜 00");
  gtk_widget_activate_action (rig.grid, "gallery.undo", NULL);
  wait_for_marks (&rig, "00 14 00");
  rig_close (&rig);
}

/* A favourite among several is none for long: pressed twice, all are what they were made. */
static void
test_favourites (void)
{
  Rig rig;

  rig_open (&rig);
  gtk_widget_activate_action (rig.grid, "gallery.select-all", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.favourite", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.favourite", NULL);
  gtk_widget_activate_action (rig.grid, "gallery.rate", "i", 9);
  wait_for_marks (&rig, "05 05 05");
  rig_close (&rig);
}

static gboolean
is_read (gpointer grid)
{
  GListModel *model = G_LIST_MODEL (gtk_grid_view_get_model (grid));
  g_autoptr(EshiHistoryItem) item = g_list_model_get_item (model, N_PICTURES - 2);

  return eshi_history_item_get_picture (item) != NULL;
}

static void
on_painted_cb (EshiSettings **settings,
               EshiSettings  *emitted,
               gint64         parent)
{
  g_assert_cmpint (parent, ==, 2);
  *settings = eshi_settings_copy (emitted);
}

/* Another variation of the same noise: the seed stays, and a variation of a variation is as far from it. */
static void
test_vary (void)
{
  g_autoptr(EshiSettings) settings = NULL;
  Rig rig;

  rig_open (&rig);
  g_signal_connect_swapped (rig.gallery, "vary", G_CALLBACK (on_painted_cb), &settings);
  select_only (&rig, 2);
  settle_until (is_read, rig.grid);
  gtk_widget_activate_action (rig.grid, "gallery.vary", NULL);
  settle_until (is_set, &settings);
  g_assert_cmpstr (settings->prompt, ==, PROMPT);
  g_assert_cmpuint (settings->seed, ==, 7);
  g_assert_cmpint (settings->n_images, ==, 1);
  g_assert_cmpfloat (settings->variation_strength, >, 0.0);
  g_assert_cmpfloat (settings->variation_strength, <, 0.5);
  settings->variation_strength = 0.75;
  eshi_picture_vary_settings (settings);
  g_assert_cmpfloat (settings->variation_strength, ==, 0.75);
  rig_close (&rig);
}

/* --- copies ------------------------------------------------------------------------------------------------------ */

static char *
save_file (const char *folder,
           const char *name)
{
  g_autoptr(EshiImage) image = create_image ();
  g_autoptr(EshiSettings) settings = create_settings ();
  char *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;

  eshi_picture_file_save (path, image, settings, "豆", &error);
  g_assert_no_error (error);
  return path;
}

/* Copies the file @path to @name beside it, and returns the first bytes of the file @expected. */
static GBytes *
export_one (const char        *path,
            const char        *name,
            EshiPictureFormat  format,
            gboolean           with_settings,
            const char        *expected)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *target = g_build_filename (folder, name, NULL);
  g_autofree char *result = g_build_filename (folder, expected, NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(EshiExport) export = eshi_export_new (files, NULL);
  g_autoptr(EshiPictureSettings) found = NULL;
  char *contents = NULL;
  gsize n_bytes;
  GError *error = NULL;

  g_ptr_array_add (files, g_file_new_for_path (path));
  export->target = g_file_new_for_path (target);
  export->format = format;
  export->with_settings = with_settings;
  eshi_export_run (export, NULL, &error);
  g_assert_no_error (error);
  found = eshi_picture_file_inspect (result, &error);
  g_assert_no_error (error);
  g_assert_true ((found->settings != NULL) == with_settings);
  if (with_settings)
    g_assert_cmpstr (found->settings->prompt, ==, PROMPT);
  g_file_get_contents (result, &contents, &n_bytes, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (contents, n_bytes);
}

static guint8
darkest (EshiImage *image,
         int        left,
         int        top,
         int        width,
         int        height)
{
  const guint8 *pixels = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  guint8 value = 255;

  for (int y = top; y < top + height; y++)
    for (int x = left; x < left + width; x++)
      value = MIN (value, pixels[3 * ((gsize) y * eshi_image_get_width (image) + x)]);
  return value;
}

/* Two of the three pictures are left: their words and seeds stand under them, and the third is grey, with its own. */
static void
test_sheet (void)
{
  const gint64 ids[N_PICTURES] = { 1, 2, 3 };
  g_autofree char *folder = g_dir_make_tmp ("eshi-export-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "一覧.png", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(EshiExport) export = NULL;
  g_autoptr(EshiImage) page = NULL;
  GError *error = NULL;
  Rig rig;
  int step = ESHI_CONTACT_SHEET_TILE + ESHI_CONTACT_SHEET_GAP;

  rig_open (&rig);
  eshi_history_load_async (rig.history, ids, N_PICTURES, NULL, on_result_cb, &result);
  settle_until (is_set, &result);
  export = eshi_export_new_sheet (eshi_history_load_finish (rig.history, result, NULL));
  g_unlink (((EshiHistoryPicture *) g_ptr_array_index (export->sheet, 1))->path);
  export->target = g_file_new_for_path (path);
  eshi_export_run (export, NULL, &error);
  g_assert_no_error (error);
  page = eshi_picture_file_load_image (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eshi_image_get_width (page), ==, 2 * step + ESHI_CONTACT_SHEET_GAP);
  for (int i = 0; i < N_PICTURES; i++)
    {
      int caption = (eshi_image_get_height (page) - ESHI_CONTACT_SHEET_GAP) / 2;
      int left = ESHI_CONTACT_SHEET_GAP + i % 2 * step;
      int under = ESHI_CONTACT_SHEET_GAP + i / 2 * caption + ESHI_CONTACT_SHEET_TILE;

      g_assert_cmpuint (darkest (page, left, under - 10, 10, 10), ==, i == 1 ? 208 : 0);
      /* Both lines are read on white from far: a contrast of 4.5 is a value below 119. */
      g_assert_cmpuint (darkest (page, left, under, ESHI_CONTACT_SHEET_TILE, 24), <, 119);
      g_assert_cmpuint (darkest (page, left, under + 26, ESHI_CONTACT_SHEET_TILE, 20), <, 119);
    }
  rig_close (&rig);
}

/* The first bytes are those of the formats' specifications. */
static void
test_formats (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-export-XXXXXX", NULL);
  g_autofree char *path = save_file (folder, "絵.png");
  g_autoptr(GBytes) png = export_one (path, "a.png", ESHI_PICTURE_PNG, TRUE, "a.png");
  g_autoptr(GBytes) plain = export_one (path, "b.png", ESHI_PICTURE_PNG, FALSE, "b.png");
  g_autoptr(GBytes) jpeg = export_one (path, "a.png", ESHI_PICTURE_JPEG, TRUE, "a.jpg");
  g_autoptr(GBytes) second = export_one (path, "a.png", ESHI_PICTURE_JPEG, FALSE, "a-2.jpg");
  g_autoptr(GBytes) webp = export_one (path, "a", ESHI_PICTURE_WEBP, TRUE, "a.webp");
  g_autofree char *original = NULL;
  gsize n_bytes;

  g_file_get_contents (path, &original, &n_bytes, NULL);
  g_assert_cmpmem (original, n_bytes, g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  g_assert_cmpuint (g_bytes_get_size (plain), <, n_bytes);
  g_assert_cmpmem (g_bytes_get_data (jpeg, NULL), 3, "\xff\xd8\xff", 3);
  g_assert_cmpmem (g_bytes_get_data (second, NULL), 3, "\xff\xd8\xff", 3);
  g_assert_cmpmem (g_bytes_get_data (webp, NULL), 4, "RIFF", 4);
}

/* Several go into a folder, where nothing is replaced; a picture that was never saved is written too. */
static void
test_folder (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-export-XXXXXX", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(EshiExport) export = eshi_export_new (files, NULL);
  static const char * const expected[] = { "1.webp", "2.webp", "1-2.webp" };
  GError *error = NULL;

  g_mkdir (other, 0700);
  for (int i = 0; i < 3; i++)
    {
      g_autofree char *path = save_file (i == 2 ? other : folder, i == 1 ? "2.png" : "1.png");

      g_ptr_array_add (files, g_file_new_for_path (path));
    }
  export->target = g_file_new_for_path (other);
  export->format = ESHI_PICTURE_WEBP;
  eshi_export_run (export, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *path = g_build_filename (other, expected[i], NULL);

      g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

static void
test_unsaved (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-export-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "絵.jpg", NULL);
  g_autoptr(EshiImage) image = create_image ();
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiPicture) picture = eshi_picture_new (image, settings, "豆");
  g_autoptr(EshiExport) export = eshi_export_new (g_ptr_array_new_with_free_func (g_object_unref), picture);
  g_autoptr(EshiSettings) read = NULL;
  GError *error = NULL;

  export->target = g_file_new_for_path (path);
  export->format = ESHI_PICTURE_JPEG;
  eshi_export_run (export, NULL, &error);
  g_assert_no_error (error);
  read = eshi_picture_file_load_settings (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->seed, ==, 7);
}

/* --- the wallpaper ----------------------------------------------------------------------------------------------- */

/* A portal as the desktop has one: reads the file that it gets and answers what it is told to. */
typedef struct
{
  GDBusConnection *connection;
  guint owner;
  guint object;
  gpointer owned;       /* not NULL once the name is ours */
  guint32 response;
  GBytes *received;
} Portal;

static const char portal_xml[] =
  "<node><interface name='org.freedesktop.portal.Wallpaper'>"
  "<method name='SetWallpaperFile'>"
  "<arg type='s' direction='in'/><arg type='h' direction='in'/><arg type='a{sv}' direction='in'/>"
  "<arg type='o' direction='out'/>"
  "</method></interface></node>";

static GBytes *
read_all (int fd)
{
  GByteArray *bytes = g_byte_array_new ();
  guint8 buffer[4096];

  for (gssize n = read (fd, buffer, sizeof buffer); n > 0; n = read (fd, buffer, sizeof buffer))
    g_byte_array_append (bytes, buffer, (guint) n);
  close (fd);
  return g_byte_array_free_to_bytes (bytes);
}

static void
on_portal_call_cb (GDBusConnection       *connection,
                   const char            *sender,
                   const char            *object_path,
                   const char            *interface_name,
                   const char            *method_name,
                   GVariant              *parameters,
                   GDBusMethodInvocation *invocation,
                   gpointer               user_data)
{
  Portal *portal = user_data;
  GUnixFDList *files = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 2);
  g_autofree char *name = g_strdelimit (g_strdup (sender + 1), ".", '_');
  g_autofree char *path = NULL;
  const char *token = NULL;

  g_assert_true (g_variant_lookup (options, "handle_token", "&s", &token));
  portal->received = read_all (g_unix_fd_list_get (files, 0, NULL));
  path = g_strdup_printf ("/org/freedesktop/portal/desktop/request/%s/%s", name, token);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
  g_dbus_connection_emit_signal (connection, NULL, path, "org.freedesktop.portal.Request", "Response",
                                 g_variant_new ("(ua{sv})", portal->response, NULL), NULL);
}

static void
on_owned_cb (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  ((Portal *) user_data)->owned = connection;
}

static void
portal_open (Portal  *portal,
             guint32  response)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_portal_call_cb };
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (portal_xml, NULL);

  *portal = (Portal) { .response = response };
  portal->connection = g_dbus_connection_new_for_address_sync (address,
                                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                                 G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                               NULL, NULL, NULL);
  portal->object = g_dbus_connection_register_object (portal->connection, "/org/freedesktop/portal/desktop",
                                                      node->interfaces[0], &vtable, portal, NULL, NULL);
  portal->owner = g_bus_own_name_on_connection (portal->connection, "org.freedesktop.portal.Desktop",
                                                G_BUS_NAME_OWNER_FLAGS_REPLACE, on_owned_cb, NULL, portal, NULL);
  settle_until (is_set, &portal->owned);
}

static void
portal_close (Portal *portal)
{
  g_bus_unown_name (portal->owner);
  g_dbus_connection_unregister_object (portal->connection, portal->object);
  g_dbus_connection_close_sync (portal->connection, NULL, NULL);
  g_clear_object (&portal->connection);
  g_clear_pointer (&portal->received, g_bytes_unref);
}

static gboolean
set_wallpaper (const char  *path,
               GError     **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GAsyncResult) result = NULL;

  eshi_wallpaper_set_async (file, NULL, on_result_cb, &result);
  settle_until (is_set, &result);
  return eshi_wallpaper_set_finish (result, error);
}

static void
test_wallpaper (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-wallpaper-XXXXXX", NULL);
  g_autofree char *path = save_file (folder, "壁紙.png");
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  gsize n_bytes;
  Portal portal;

  g_file_get_contents (path, &contents, &n_bytes, NULL);
  portal_open (&portal, 0);
  g_assert_true (set_wallpaper (path, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (contents, n_bytes, g_bytes_get_data (portal.received, NULL), g_bytes_get_size (portal.received));
  portal_close (&portal);

  /* Who thinks better of it is told nothing. */
  portal_open (&portal, 1);
  g_assert_false (set_wallpaper (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  portal_close (&portal);
}

/* A portal that cannot, and a desktop with GNOME's setting. */
static void
test_wallpaper_setting (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr(GSettingsSchema) schema = NULL;
  g_autofree char *folder = g_dir_make_tmp ("eshi-wallpaper-XXXXXX", NULL);
  g_autofree char *path = save_file (folder, "壁紙.png");
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *set = NULL;
  g_autoptr(GSettings) settings = NULL;
  g_autoptr(GError) error = NULL;
  Portal portal;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, "org.gnome.desktop.background", TRUE);
  portal_open (&portal, 2);
  if (schema == NULL)
    {
      g_assert_false (set_wallpaper (path, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
    }
  else
    {
      g_assert_true (set_wallpaper (path, &error));
      g_assert_no_error (error);
      settings = g_settings_new ("org.gnome.desktop.background");
      set = g_settings_get_string (settings, "picture-uri");
      g_assert_cmpstr (set, ==, uri);
    }
  portal_close (&portal);
}

/* --- requests of other programs ---------------------------------------------------------------------------------- */

static void
check_request (const char *text,
               gboolean    good)
{
  g_autoptr(GVariant) request = g_variant_ref_sink (g_variant_new_parsed (text));
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(GError) error = NULL;

  g_assert_true (eshi_paint_request_apply (request, settings, &error) == good);
  if (!good)
    g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

/* Nothing that comes over the bus is believed. */
static void
test_requests (void)
{
  g_autoptr(GVariant) request = g_variant_ref_sink (g_variant_new_parsed (
    "{'prompt': <'犬'>, 'seed': <'4294967294'>, 'steps': <9>, 'guidance': <3.5>, 'count': <2>, 'negative': <'雨'>}"));
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(GError) error = NULL;

  g_assert_true (eshi_paint_request_apply (request, settings, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (settings->prompt, ==, "犬");
  g_assert_cmpstr (settings->negative_prompt, ==, "雨");
  g_assert_cmpuint (settings->seed, ==, 4294967294);
  g_assert_cmpint (settings->steps, ==, 9);
  g_assert_cmpfloat (settings->guidance, ==, 3.5);
  g_assert_cmpint (settings->n_images, ==, 2);
  /* What it is silent about stays. */
  g_assert_cmpint (settings->width, ==, SIDE);

  check_request ("@a{sv} {}", TRUE);
  check_request ("{'seed': <'random'>}", TRUE);
  check_request ("{'seed': <'4294967296'>}", FALSE);
  check_request ("{'seed': <'-1'>}", FALSE);
  check_request ("{'seed': <''>}", FALSE);
  check_request ("{'seed': <'7 '>}", FALSE);
  check_request ("{'seed': <7>}", FALSE);
  check_request ("{'prompt': <7>}", FALSE);
  check_request ("{'steps': <-1>}", FALSE);
  check_request ("{'steps': <'9'>}", FALSE);
  check_request ("{'count': <0>}", FALSE);
  check_request ("{'guidance': <1e9>}", FALSE);
  check_request ("{'sampler': <'nosuch'>}", FALSE);
  check_request ("{'nosuch': <'x'>}", FALSE);
  check_request ("{'image': <'/etc/passwd'>}", FALSE);
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/uses/marks", test_marks);
  g_test_add_func ("/eshi/uses/favourites", test_favourites);
  g_test_add_func ("/eshi/uses/vary", test_vary);
  g_test_add_func ("/eshi/uses/formats", test_formats);
  g_test_add_func ("/eshi/uses/sheet", test_sheet);
  g_test_add_func ("/eshi/uses/folder", test_folder);
  g_test_add_func ("/eshi/uses/unsaved", test_unsaved);
  g_test_add_func ("/eshi/uses/wallpaper", test_wallpaper);
  g_test_add_func ("/eshi/uses/wallpaper-setting", test_wallpaper_setting);
  g_test_add_func ("/eshi/uses/requests", test_requests);
  return g_test_run ();
}

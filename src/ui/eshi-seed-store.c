/* eshi-seed-store.c: the contact sheet of seeds, kept from run to run and through a crash.
 *
 * The list of the seeds is written last, and goes before a file of another sheet is written, so that a crash leaves the
 * sheet as it was, or none, and never one of two. Paints nothing, and offers nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seed-store.h"

#include "eshi-test-log.h"

#include <eshi-picture-file.h>
#include <glib/gstdio.h>

#define WRITE_DELAY_MS 500
#define GROUP "Sheet"
#define LIST "sheet.ini"
#define IMAGE "image.png"
#define MASK "mask.png"

struct _EshiSeedStore
{
  GObject parent_instance;

  /* Owned References */
  EshiSeedSheet *sheet;
  char *folder;
  GHashTable *written;      /* guint64 → GBytes: states of the seeds that the folder holds; guarded by lock */
  char *written_settings;   /* whose they are; NULL for not known; guarded by lock, as are those images */
  EshiImage *written_image;
  EshiImage *written_mask;

  GMutex lock;              /* held while files are written */
  guint serial;             /* of what there is to write, counted up at every change */
  guint written_serial;     /* guarded by lock */
  guint write_source;
  guint loaded : 1;
  guint loading : 1;        /* what comes into the sheet is from the folder */
};

/* A sheet on its way to the folder, or from there. */
typedef struct
{
  EshiSettings *settings;   /* NULL for none */
  GPtrArray *seeds;         /* of EshiSeed, nobody else's */
  int stop_after;
  guint serial;
} Sheet;

enum
{
  PROP_0,
  PROP_LOADED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiSeedStore, eshi_seed_store, G_TYPE_OBJECT)

static void
sheet_free (Sheet *sheet)
{
  g_clear_pointer (&sheet->settings, eshi_settings_free);
  g_ptr_array_unref (sheet->seeds);
  g_free (sheet);
}

static Sheet *
sheet_new (void)
{
  Sheet *sheet = g_new0 (Sheet, 1);

  sheet->seeds = g_ptr_array_new_with_free_func (g_object_unref);
  return sheet;
}

/* As far as its state goes: what came after that is painted again. */
static EshiSeed *
copy_seed (EshiSeed *seed)
{
  EshiSeed *copy = eshi_seed_new (eshi_seed_get_number (seed));

  eshi_seed_set_ticked (copy, eshi_seed_get_ticked (seed));
  if (eshi_seed_get_state (seed) == NULL)
    return copy;
  eshi_seed_set_texture (copy, eshi_seed_get_texture (seed));
  eshi_seed_set_step (copy, eshi_seed_get_state_step (seed));
  eshi_seed_set_state (copy, eshi_seed_get_state (seed));
  return copy;
}

static Sheet *
copy_sheet (EshiSeedStore *self)
{
  Sheet *sheet = sheet_new ();
  GListModel *seeds = eshi_seed_sheet_get_seeds (self->sheet);

  sheet->settings = eshi_settings_copy (eshi_seed_sheet_get_settings (self->sheet));
  sheet->stop_after = eshi_seed_sheet_get_stop_after (self->sheet);
  sheet->serial = self->serial;
  for (guint i = 0; i < g_list_model_get_n_items (seeds); i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (seeds, i);

      g_ptr_array_add (sheet->seeds, copy_seed (seed));
    }
  return sheet;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static char *
dup_path (EshiSeedStore *self,
          const char    *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* @kind: what the file of that seed holds */
static char *
dup_seed_path (EshiSeedStore *self,
               guint64        number,
               const char    *kind)
{
  g_autofree char *name = g_strdup_printf ("%" G_GUINT64_FORMAT ".%s", number, kind);

  return dup_path (self, name);
}

static char *
dup_seed_group (guint64 number)
{
  return g_strdup_printf ("Seed %" G_GUINT64_FORMAT, number);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void
remove_files (EshiSeedStore *self)
{
  g_autofree char *list = dup_path (self, LIST);
  g_autoptr(GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name = NULL;

  g_unlink (list);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = dup_path (self, name);

      g_unlink (path);
    }
  g_hash_table_remove_all (self->written);
}

/* What the folder holds is that of @settings, or for %NULL not known. */
static void
remember_settings (EshiSeedStore      *self,
                   const EshiSettings *settings)
{
  g_clear_pointer (&self->written_settings, g_free);
  g_clear_pointer (&self->written_image, eshi_image_unref);
  g_clear_pointer (&self->written_mask, eshi_image_unref);
  if (settings == NULL)
    return;
  self->written_settings = eshi_settings_to_json (settings, settings->model);
  self->written_image = settings->image != NULL ? eshi_image_ref (settings->image) : NULL;
  self->written_mask = settings->mask != NULL ? eshi_image_ref (settings->mask) : NULL;
}

static gboolean
holds_settings (EshiSeedStore      *self,
                const EshiSettings *settings)
{
  g_autofree char *json = eshi_settings_to_json (settings, settings->model);

  return g_strcmp0 (json, self->written_settings) == 0 && settings->image == self->written_image &&
         settings->mask == self->written_mask;
}

static gboolean
write_image (EshiSeedStore  *self,
             const char     *name,
             EshiImage      *image,
             GError        **error)
{
  g_autofree char *path = dup_path (self, name);

  return image == NULL || eshi_picture_file_save (path, image, NULL, NULL, error);
}

/* Makes the folder one of @sheet's settings, with nothing of another's. */
static gboolean
begin_sheet (EshiSeedStore  *self,
             const Sheet    *sheet,
             GError        **error)
{
  g_mkdir_with_parents (self->folder, 0700);
  if (holds_settings (self, sheet->settings))
    return TRUE;
  remove_files (self);
  remember_settings (self, sheet->settings);
  return write_image (self, IMAGE, sheet->settings->image, error) &&
         write_image (self, MASK, sheet->settings->mask, error);
}

static gboolean
write_seed (EshiSeedStore  *self,
            EshiSeed       *seed,
            GError        **error)
{
  guint64 number = eshi_seed_get_number (seed);
  GBytes *state = eshi_seed_get_state (seed);
  g_autofree char *state_path = dup_seed_path (self, number, "state");
  g_autofree char *look_path = dup_seed_path (self, number, "png");

  if (state == NULL || g_hash_table_lookup (self->written, &number) == state)
    return TRUE;
  if (eshi_seed_get_texture (seed) != NULL)
    gdk_texture_save_to_png (eshi_seed_get_texture (seed), look_path);
  if (!g_file_set_contents_full (state_path, g_bytes_get_data (state, NULL), (gssize) g_bytes_get_size (state),
                                 G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return FALSE;
  g_hash_table_replace (self->written, g_memdup2 (&number, sizeof number), g_bytes_ref (state));
  return TRUE;
}

static void
list_seed (GKeyFile  *keys,
           EshiSeed  *seed,
           GPtrArray *numbers)
{
  g_autofree char *group = dup_seed_group (eshi_seed_get_number (seed));

  g_ptr_array_add (numbers, g_strdup_printf ("%" G_GUINT64_FORMAT, eshi_seed_get_number (seed)));
  g_key_file_set_boolean (keys, group, "ticked", eshi_seed_get_ticked (seed));
  if (eshi_seed_get_state (seed) != NULL)
    g_key_file_set_integer (keys, group, "step", eshi_seed_get_step (seed));
}

static gboolean
write_list (EshiSeedStore  *self,
            const Sheet    *sheet,
            GError        **error)
{
  g_autoptr(GKeyFile) keys = g_key_file_new ();
  g_autofree char *settings = eshi_settings_to_json (sheet->settings, NULL);
  g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = dup_path (self, LIST);

  g_key_file_set_string (keys, GROUP, "settings", settings);
  if (sheet->settings->model != NULL)
    g_key_file_set_string (keys, GROUP, "model", sheet->settings->model);
  g_key_file_set_boolean (keys, GROUP, "paste", sheet->settings->paste);
  g_key_file_set_integer (keys, GROUP, "stop-after", sheet->stop_after);
  for (guint i = 0; i < sheet->seeds->len; i++)
    list_seed (keys, g_ptr_array_index (sheet->seeds, i), numbers);
  g_key_file_set_string_list (keys, GROUP, "seeds", (const char *const *) numbers->pdata, numbers->len);
  return g_key_file_save_to_file (keys, path, error);
}

/* Any thread. What is newer and was written already stays. */
static void
write_files (EshiSeedStore *self,
             const Sheet   *sheet)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean done;

  if (sheet->serial <= self->written_serial)
    return;
  self->written_serial = sheet->serial;
  done = begin_sheet (self, sheet, &error);
  for (guint i = 0; done && i < sheet->seeds->len; i++)
    done = write_seed (self, g_ptr_array_index (sheet->seeds, i), &error);
  if (done && write_list (self, sheet, &error))
    return;
  g_message ("The contact sheet of seeds was not kept: %s", error->message);
  remember_settings (self, NULL);
}

static void
write_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  write_files (ESHI_SEED_STORE (source), task_data);
  g_task_return_boolean (task, TRUE);
}

static void
on_written_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  eshi_test_log ("SEEDS_KEPT");
}

static gboolean
on_write_timeout_cb (gpointer user_data)
{
  EshiSeedStore *self = ESHI_SEED_STORE (user_data);
  g_autoptr(GTask) task = NULL;

  self->write_source = 0;
  task = g_task_new (self, NULL, on_written_cb, NULL);
  g_task_set_source_tag (task, on_write_timeout_cb);
  g_task_set_task_data (task, copy_sheet (self), (GDestroyNotify) sheet_free);
  g_task_run_in_thread (task, write_in_thread);
  return G_SOURCE_REMOVE;
}

static void
on_changed_cb (EshiSeedStore *self)
{
  g_assert (ESHI_IS_SEED_STORE (self));

  if (self->loading || eshi_seed_sheet_get_settings (self->sheet) == NULL)
    return;
  self->serial++;
  if (self->write_source == 0)
    self->write_source = g_timeout_add (WRITE_DELAY_MS, on_write_timeout_cb, self);
}

static void
on_seeds_cb (EshiSeedStore *self,
             guint          position,
             guint          n_removed,
             guint          n_added,
             GListModel    *seeds)
{
  g_assert (ESHI_IS_SEED_STORE (self));

  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (seeds, position + i);

      g_signal_connect_object (seed, "notify::state", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (seed, "notify::ticked", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
    }
  on_changed_cb (self);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static EshiImage *
read_image (EshiSeedStore *self,
            const char    *name)
{
  g_autofree char *path = dup_path (self, name);

  return eshi_picture_file_load_image (path, NULL);
}

/* (transfer full) (nullable): settings that can be painted. */
static EshiSettings *
read_settings (EshiSeedStore *self,
               GKeyFile      *keys)
{
  g_autofree char *json = g_key_file_get_string (keys, GROUP, "settings", NULL);
  g_autoptr(EshiSettings) settings = json != NULL ? eshi_settings_new_from_json (json, NULL, NULL) : NULL;

  if (settings == NULL)
    return NULL;
  g_free (settings->model);
  settings->model = g_key_file_get_string (keys, GROUP, "model", NULL);
  settings->paste = g_key_file_get_boolean (keys, GROUP, "paste", NULL);
  settings->image = read_image (self, IMAGE);
  settings->mask = settings->image != NULL ? read_image (self, MASK) : NULL;
  return eshi_settings_validate (settings, NULL) ? g_steal_pointer (&settings) : NULL;
}

/* (transfer full): without its state it begins again. */
static EshiSeed *
read_seed (EshiSeedStore *self,
           GKeyFile      *keys,
           guint64        number)
{
  g_autofree char *group = dup_seed_group (number);
  g_autofree char *state_path = dup_seed_path (self, number, "state");
  g_autofree char *look_path = dup_seed_path (self, number, "png");
  g_autoptr(GdkTexture) look = NULL;
  g_autoptr(GBytes) state = NULL;
  EshiSeed *seed = eshi_seed_new (number);
  int step = g_key_file_get_integer (keys, group, "step", NULL);
  char *contents = NULL;
  gsize n_bytes = 0;

  eshi_seed_set_ticked (seed, g_key_file_get_boolean (keys, group, "ticked", NULL));
  if (step <= 0 || !g_file_get_contents (state_path, &contents, &n_bytes, NULL))
    return seed;
  state = g_bytes_new_take (contents, n_bytes);
  look = gdk_texture_new_from_filename (look_path, NULL);
  eshi_seed_set_texture (seed, look);
  eshi_seed_set_step (seed, step);
  eshi_seed_set_state (seed, state);
  return seed;
}

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  EshiSeedStore *self = ESHI_SEED_STORE (source);
  Sheet *sheet = sheet_new ();
  g_autoptr(GKeyFile) keys = g_key_file_new ();
  g_autofree char *list = dup_path (self, LIST);
  g_auto(GStrv) numbers = NULL;

  if (g_key_file_load_from_file (keys, list, G_KEY_FILE_NONE, NULL))
    numbers = g_key_file_get_string_list (keys, GROUP, "seeds", NULL, NULL);
  if (numbers != NULL && g_strv_length (numbers) <= ESHI_SEED_SHEET_MAX_SEEDS && numbers[0] != NULL)
    sheet->settings = read_settings (self, keys);
  sheet->stop_after = MAX (1, g_key_file_get_integer (keys, GROUP, "stop-after", NULL));
  for (guint i = 0; sheet->settings != NULL && numbers[i] != NULL; i++)
    {
      guint64 number = g_ascii_strtoull (numbers[i], NULL, 10);

      g_ptr_array_add (sheet->seeds, read_seed (self, keys, MIN (number, ESHI_SEED_MAX)));
    }
  g_task_return_pointer (task, sheet, (GDestroyNotify) sheet_free);
}

/* The folder holds what comes now. */
static void
take_kept (EshiSeedStore *self,
           const Sheet   *sheet)
{
  remember_settings (self, sheet->settings);
  for (guint i = 0; i < sheet->seeds->len; i++)
    {
      EshiSeed *seed = g_ptr_array_index (sheet->seeds, i);
      guint64 number = eshi_seed_get_number (seed);

      if (eshi_seed_get_state (seed) != NULL)
        g_hash_table_replace (self->written, g_memdup2 (&number, sizeof number),
                              g_bytes_ref (eshi_seed_get_state (seed)));
    }
  self->loading = TRUE;
  eshi_seed_sheet_restore (self->sheet, sheet->settings, sheet->seeds, sheet->stop_after);
  self->loading = FALSE;
  eshi_test_log ("SEEDS_RESTORED %u", sheet->seeds->len);
}

static void
on_read_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  EshiSeedStore *self = ESHI_SEED_STORE (source);
  Sheet *sheet = g_task_propagate_pointer (G_TASK (result), NULL);

  if (sheet->settings != NULL && eshi_seed_sheet_get_settings (self->sheet) == NULL)
    take_kept (self, sheet);
  sheet_free (sheet);
  self->loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADED]);
}

static void
read_files (EshiSeedStore *self)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, on_read_cb, NULL);

  g_task_set_source_tag (task, read_files);
  g_task_run_in_thread (task, read_in_thread);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_seed_store_dispose (GObject *object)
{
  EshiSeedStore *self = ESHI_SEED_STORE (object);

  if (self->sheet != NULL)
    eshi_seed_store_flush (self);
  g_clear_object (&self->sheet);
  G_OBJECT_CLASS (eshi_seed_store_parent_class)->dispose (object);
}

static void
eshi_seed_store_finalize (GObject *object)
{
  EshiSeedStore *self = ESHI_SEED_STORE (object);

  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->written, g_hash_table_unref);
  remember_settings (self, NULL);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eshi_seed_store_parent_class)->finalize (object);
}

static void
eshi_seed_store_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_LOADED:
      g_value_set_boolean (value, eshi_seed_store_get_loaded (ESHI_SEED_STORE (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_store_class_init (EshiSeedStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_seed_store_dispose;
  object_class->finalize = eshi_seed_store_finalize;
  object_class->get_property = eshi_seed_store_get_property;
  properties[PROP_LOADED] =
    g_param_spec_boolean ("loaded", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_seed_store_init (EshiSeedStore *self)
{
  self->written = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_bytes_unref);
  g_mutex_init (&self->lock);
}

EshiSeedStore *
eshi_seed_store_new (EshiSeedSheet *sheet,
                     const char    *folder)
{
  EshiSeedStore *self;

  g_return_val_if_fail (ESHI_IS_SEED_SHEET (sheet), NULL);
  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (ESHI_TYPE_SEED_STORE, NULL);
  self->sheet = g_object_ref (sheet);
  self->folder = g_strdup (folder);
  g_signal_connect_object (eshi_seed_sheet_get_seeds (sheet), "items-changed", G_CALLBACK (on_seeds_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (sheet, "notify::running", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  read_files (self);
  return self;
}

EshiSeedSheet *
eshi_seed_store_get_sheet (EshiSeedStore *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_STORE (self), NULL);

  return self->sheet;
}

gboolean
eshi_seed_store_get_loaded (EshiSeedStore *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_STORE (self), FALSE);

  return self->loaded;
}

void
eshi_seed_store_flush (EshiSeedStore *self)
{
  Sheet *sheet;

  g_return_if_fail (ESHI_IS_SEED_STORE (self));

  g_clear_handle_id (&self->write_source, g_source_remove);
  if (self->serial == 0)
    return;
  sheet = copy_sheet (self);
  write_files (self, sheet);
  sheet_free (sheet);
}

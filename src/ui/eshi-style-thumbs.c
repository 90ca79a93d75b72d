/* eshi-style-thumbs.c: small pictures of the styles, drawn by the model itself when nobody needs it.
 *
 * Asks the engine directly: these are no pictures of the artist's, so neither the queue nor the history knows them. Loads
 * no model for their sake.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-style-thumbs.h"

#include "eshi-options.h"
#include "eshi-test-log.h"

#include <eshi-picture-file.h>

#define IDLE_SECONDS 10      /* after the artist's last picture */
#define NEXT_SECONDS 1       /* between two of ours */
#define SUBJECT "猫"         /* in Japanese in every language: it is the model that reads it */
#define SEED 5
#define STEPS 12
#define SIDE_MIN 128
#define SIDE_MAX 256

struct _EshiStyleThumbs
{
  GObject parent_instance;

  /* Owned References */
  EshiSession *session;
  GCancellable *cancellable;   /* cancelled when the model changes or the object goes */
  char *model;                 /* path; NULL for the embedded one */
  char *hash;                  /* NULL while it is unknown */

  /* Borrowed References */
  EshiStyleChips *chips;       /* weak */
  EshiEngine *engine;          /* weak; that works on the request */

  guint64 request;             /* 0 for none */
  guint style;                 /* that is painted */
  guint missing;               /* bits: styles without a picture */
  guint source;
  int width;
  int height;
  guint chosen : 1;            /* there is a model */
  guint loaded : 1;            /* it is in memory: the artist has painted with it */
};

/* What was found in the cache. */
typedef struct
{
  char *path;                  /* of the model */
  char *hash;
  GPtrArray *images;           /* of EshiImage, by style; NULL in it for none */
} Found;

G_DEFINE_FINAL_TYPE (EshiStyleThumbs, eshi_style_thumbs, G_TYPE_OBJECT)

static void schedule (EshiStyleThumbs *self,
                      guint            seconds);

char *
eshi_style_thumbs_dup_path (const char *hash,
                            const char *word)
{
  g_autofree char *name = g_strconcat (word, ".png", NULL);

  return g_build_filename (g_get_user_cache_dir (), "eshi", "styles", hash, name, NULL);
}

/* --- the cache ---------------------------------------------------------------------------------------------------- */

static void
found_free (gpointer data)
{
  Found *found = data;

  g_free (found->path);
  g_free (found->hash);
  g_ptr_array_unref (found->images);
  g_free (found);
}

static void
clear_image (gpointer image)
{
  if (image != NULL)
    eshi_image_unref (image);
}

static Found *
found_new (const char *path,
           const char *hash)
{
  Found *found = g_new0 (Found, 1);

  found->path = g_strdup (path);
  found->hash = g_strdup (hash);
  found->images = g_ptr_array_new_with_free_func (clear_image);

  return found;
}

static void
read_cache_in_thread (GTask        *task,
                      gpointer      source,
                      gpointer      task_data,
                      GCancellable *cancellable)
{
  const Found *asked = task_data;
  Found *found = found_new (asked->path, asked->hash);

  if (found->hash == NULL)
    found->hash = eshi_model_hash_lookup (found->path);
  for (guint i = 0; found->hash != NULL && i < eshi_style_chips_get_n_styles (); i++)
    {
      g_autofree char *path = eshi_style_thumbs_dup_path (found->hash, eshi_style_chips_get_word (i));

      g_ptr_array_add (found->images, eshi_picture_file_load_image (path, NULL));
    }
  g_task_return_pointer (task, found, found_free);
}

static void
show (EshiStyleThumbs *self,
      guint            style,
      EshiImage       *image)
{
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (image);

  self->missing &= ~(1u << style);
  if (self->chips != NULL)
    eshi_style_chips_set_texture (self->chips, style, texture);
}

static void
on_cache_read_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  EshiStyleThumbs *self = ESHI_STYLE_THUMBS (source);
  Found *found = g_task_propagate_pointer (G_TASK (result), NULL);
  guint n_found = 0;

  if (found == NULL)
    return;
  g_free (self->hash);
  self->hash = g_strdup (found->hash);
  for (guint i = 0; i < found->images->len; i++)
    {
      if (found->images->pdata[i] == NULL)
        continue;
      show (self, i, found->images->pdata[i]);
      n_found++;
    }
  found_free (found);
  eshi_test_log ("STYLES %u", n_found);
  schedule (self, IDLE_SECONDS);
}

static void
read_cache (EshiStyleThumbs *self)
{
  g_autoptr(GTask) task = g_task_new (self, self->cancellable, on_cache_read_cb, NULL);

  g_task_set_source_tag (task, read_cache);
  g_task_set_task_data (task, found_new (self->model, self->hash), found_free);
  g_task_run_in_thread (task, read_cache_in_thread);
}

/* A picture on its way into the cache. */
typedef struct
{
  char *path;
  EshiImage *image;
} Keeping;

static void
keeping_free (gpointer data)
{
  Keeping *keeping = data;

  g_free (keeping->path);
  eshi_image_unref (keeping->image);
  g_free (keeping);
}

static void
keep_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  const Keeping *keeping = task_data;
  g_autofree char *folder = g_path_get_dirname (keeping->path);
  g_autoptr(GError) error = NULL;

  g_mkdir_with_parents (folder, 0700);
  if (!eshi_picture_file_save (keeping->path, keeping->image, NULL, NULL, &error))
    g_message ("A style's picture was not kept: %s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
keep (EshiStyleThumbs *self,
      EshiImage       *image)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, NULL, NULL);
  Keeping *keeping = g_new (Keeping, 1);

  keeping->path = eshi_style_thumbs_dup_path (self->hash, eshi_style_chips_get_word (self->style));
  keeping->image = eshi_image_ref (image);
  g_task_set_source_tag (task, keep);
  g_task_set_task_data (task, keeping, keeping_free);
  g_task_run_in_thread (task, keep_in_thread);
}

/* --- painting ----------------------------------------------------------------------------------------------------- */

/* Somebody else's work is more important; what is given up is still missing. */
static void
give_up (EshiStyleThumbs *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->request == 0)
    return;
  if (self->engine != NULL)
    eshi_engine_cancel (self->engine, self->request);
  self->request = 0;
  eshi_test_log ("STYLE_LEFT");
}

static void
take_image (EshiStyleThumbs *self,
            const EshiEvent *event)
{
  self->missing &= ~(1u << self->style);
  if (eshi_event_get_settings (event)->withheld)
    return;
  show (self, self->style, eshi_event_get_image (event));
  keep (self, eshi_event_get_image (event));
  eshi_test_log ("STYLE %s", eshi_style_chips_get_word (self->style));
}

static void
on_event_cb (EshiStyleThumbs *self,
             EshiEvent       *event,
             EshiEngine      *engine)
{
  EshiEventKind kind = eshi_event_get_kind (event);

  g_assert (ESHI_IS_STYLE_THUMBS (self));

  if (self->request == 0 || engine != self->engine || eshi_event_get_id (event) != self->request)
    return;
  if (kind == ESHI_EVENT_IMAGE)
    take_image (self, event);
  else if (kind == ESHI_EVENT_PROGRESS && eshi_engine_get_n_pending (engine) > 1)
    give_up (self);
  else if (kind == ESHI_EVENT_FAILED)
    self->missing = 0;
  if (kind != ESHI_EVENT_DONE && kind != ESHI_EVENT_FAILED && kind != ESHI_EVENT_CANCELLED)
    return;
  self->request = 0;
  schedule (self, NEXT_SECONDS);
}

static EshiSettings *
make_settings (EshiStyleThumbs *self)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup_printf ("%s %s", SUBJECT, eshi_style_chips_get_word (self->style));
  settings->model = g_strdup (self->model);
  settings->width = self->width;
  settings->height = self->height;
  settings->steps = STEPS;
  settings->seed = SEED;
  settings->previews = FALSE;
  settings->watermark = ESHI_SWITCH_OFF;

  return settings;
}

static void
follow_engine (EshiStyleThumbs *self,
               EshiEngine      *engine)
{
  if (engine == self->engine)
    return;
  g_set_weak_pointer (&self->engine, engine);
  g_signal_connect_object (engine, "event", G_CALLBACK (on_event_cb), self, G_CONNECT_SWAPPED);
}

static gboolean
can_paint (EshiStyleThumbs *self)
{
  return self->loaded && self->hash != NULL && self->missing != 0 && self->request == 0 &&
         !eshi_session_get_busy (self->session) &&
         g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_STYLE_PICTURES);
}

static gboolean
on_idle_cb (gpointer user_data)
{
  EshiStyleThumbs *self = ESHI_STYLE_THUMBS (user_data);
  EshiEngine *engine = eshi_session_get_engine (self->session);
  g_autoptr(EshiSettings) settings = NULL;

  self->source = 0;
  if (!can_paint (self))
    return G_SOURCE_REMOVE;
  if (eshi_engine_get_n_pending (engine) > 0)
    {
      schedule (self, IDLE_SECONDS);
      return G_SOURCE_REMOVE;
    }
  follow_engine (self, engine);
  self->style = (guint) g_bit_nth_lsf (self->missing, -1);
  settings = make_settings (self);
  self->request = eshi_engine_submit (engine, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  eshi_test_log ("STYLE_BEGUN %s", eshi_style_chips_get_word (self->style));
  return G_SOURCE_REMOVE;
}

static void
schedule (EshiStyleThumbs *self,
          guint            seconds)
{
  if (self->source == 0 && can_paint (self))
    self->source = g_timeout_add_seconds (seconds, on_idle_cb, self);
}

static void
on_busy_cb (EshiStyleThumbs *self)
{
  g_assert (ESHI_IS_STYLE_THUMBS (self));

  if (eshi_session_get_busy (self->session))
    give_up (self);
  else
    schedule (self, IDLE_SECONDS);
}

static void
on_option_cb (EshiStyleThumbs *self)
{
  g_assert (ESHI_IS_STYLE_THUMBS (self));

  give_up (self);
  schedule (self, IDLE_SECONDS);
}

static void
on_painted_cb (EshiStyleThumbs *self,
               EshiPicture     *picture)
{
  const EshiSettings *settings = eshi_picture_get_settings (picture);

  g_assert (ESHI_IS_STYLE_THUMBS (self));

  self->loaded = g_strcmp0 (settings->model, self->model) == 0;
  if (!self->loaded || self->hash != NULL || settings->model_hash == NULL)
    return;
  self->hash = g_strdup (settings->model_hash);
  read_cache (self);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_style_thumbs_dispose (GObject *object)
{
  EshiStyleThumbs *self = ESHI_STYLE_THUMBS (object);

  give_up (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->session);
  g_clear_weak_pointer (&self->chips);
  g_clear_weak_pointer (&self->engine);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->hash, g_free);
  G_OBJECT_CLASS (eshi_style_thumbs_parent_class)->dispose (object);
}

static void
eshi_style_thumbs_class_init (EshiStyleThumbsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_style_thumbs_dispose;
}

static void
eshi_style_thumbs_init (EshiStyleThumbs *self)
{
}

EshiStyleThumbs *
eshi_style_thumbs_new (EshiSession    *session,
                       EshiStyleChips *chips)
{
  EshiStyleThumbs *self;

  g_return_val_if_fail (ESHI_IS_SESSION (session), NULL);
  g_return_val_if_fail (ESHI_IS_STYLE_CHIPS (chips), NULL);

  self = g_object_new (ESHI_TYPE_STYLE_THUMBS, NULL);
  self->session = g_object_ref (session);
  g_set_weak_pointer (&self->chips, chips);
  g_signal_connect_object (session, "notify::busy", G_CALLBACK (on_busy_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "painted", G_CALLBACK (on_painted_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (eshi_options_get (), "changed::" ESHI_OPTION_STYLE_PICTURES, G_CALLBACK (on_option_cb), self,
                           G_CONNECT_SWAPPED);

  return self;
}

static void
forget_model (EshiStyleThumbs *self)
{
  guint n_styles = eshi_style_chips_get_n_styles ();

  give_up (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->hash, g_free);
  self->chosen = FALSE;
  self->loaded = FALSE;
  self->missing = (1u << n_styles) - 1;
  for (guint i = 0; i < n_styles && self->chips != NULL; i++)
    eshi_style_chips_set_texture (self->chips, i, NULL);
}

void
eshi_style_thumbs_set_model (EshiStyleThumbs     *self,
                             const EshiModelInfo *model)
{
  const char *path = model != NULL && !model->embedded ? model->path : NULL;

  g_return_if_fail (ESHI_IS_STYLE_THUMBS (self));

  if (self->chosen && model != NULL && g_strcmp0 (path, self->model) == 0)
    return;
  forget_model (self);
  if (model == NULL)
    return;
  self->chosen = TRUE;
  self->cancellable = g_cancellable_new ();
  self->model = g_strdup (path);
  self->width = CLAMP (model->width / 2, SIDE_MIN, SIDE_MAX) & ~7;
  self->height = CLAMP (model->height / 2, SIDE_MIN, SIDE_MAX) & ~7;
  read_cache (self);
}

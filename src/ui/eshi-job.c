/* eshi-job.c: a request of the queue as the window sees it.
 *
 * Holds what there is to know about one job; that it is also on the disk, and when it runs, is EshiQueue's business.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-job.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

struct _EshiJob
{
  GObject parent_instance;

  /* Owned References */
  EshiSettings *settings;
  GdkTexture *preview;
  GBytes *checkpoint;

  EshiProgress progress;
  EshiJobState state;
  EshiRelation relation;
  gint64 id;
  gint64 parent;
  gint64 leftover;
  guint has_kept_checkpoint : 1;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiJob, eshi_job, G_TYPE_OBJECT)

static void
eshi_job_finalize (GObject *object)
{
  EshiJob *self = ESHI_JOB (object);

  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_object (&self->preview);
  g_clear_pointer (&self->checkpoint, g_bytes_unref);
  G_OBJECT_CLASS (eshi_job_parent_class)->finalize (object);
}

static void
eshi_job_class_init (EshiJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eshi_job_finalize;

  signals[CHANGED] =
    g_signal_new ("changed", ESHI_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eshi_job_init (EshiJob *self)
{
  self->progress.seconds_left = -1.0;
}

EshiJob *
eshi_job_new (const EshiSettings *settings,
              gint64              parent,
              EshiRelation        relation)
{
  EshiJob *self;

  g_return_val_if_fail (settings != NULL, NULL);

  self = g_object_new (ESHI_TYPE_JOB, NULL);
  self->settings = eshi_settings_copy (settings);
  self->parent = parent;
  self->relation = relation;
  self->progress.n_images = settings->n_images;
  return self;
}

EshiJob *
eshi_job_new_from_history (const EshiHistoryJob *kept)
{
  EshiJob *self;

  g_return_val_if_fail (kept != NULL, NULL);

  self = eshi_job_new (kept->settings, kept->parent, kept->relation);
  self->id = kept->id;
  self->state = kept->state;
  self->has_kept_checkpoint = kept->has_checkpoint;
  self->progress.index = kept->n_done;
  self->progress.step = kept->step;
  self->progress.n_steps = kept->settings->steps;
  return self;
}

const EshiSettings *
eshi_job_get_settings (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  return self->settings;
}

const char *
eshi_job_get_title (EshiJob *self)
{
  const char *prompt;

  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  prompt = self->settings->prompt;
  return prompt != NULL && prompt[0] != '\0' ? prompt : _("Picture without a prompt");
}

static void
add_part (GString *line,
          char    *part)
{
  if (line->len > 0)
    g_string_append (line, " · ");
  g_string_append (line, part);
  g_free (part);
}

char *
eshi_job_dup_summary (EshiJob *self)
{
  g_autoptr(GString) line = g_string_new (NULL);
  const EshiSettings *settings;
  const EshiSampler *sampler;

  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  settings = self->settings;
  sampler = settings->sampler != NULL ? eshi_sampler_find (settings->sampler) : NULL;
  if (settings->width > 0 && settings->height > 0)
    add_part (line, g_strdup_printf ("%d × %d", settings->width, settings->height));
  if (sampler != NULL)
    add_part (line, g_strdup (sampler->label));
  if (settings->steps > 0)
    add_part (line, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d step", "%d steps", (gulong) settings->steps),
                                     settings->steps));
  add_part (line, g_strdup_printf (_("seed %" PRIu64), settings->seed));
  if (settings->n_images > 1)
    add_part (line, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d picture", "%d pictures",
                                                  (gulong) settings->n_images),
                                     settings->n_images));
  if (settings->image != NULL)
    add_part (line, g_strdup (settings->mask != NULL ? _("repainted where masked") : _("from a picture")));
  return g_string_free (g_steal_pointer (&line), FALSE);
}

EshiJobState
eshi_job_get_state (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), ESHI_JOB_WAITING);

  return self->state;
}

void
eshi_job_set_state (EshiJob      *self,
                    EshiJobState  state)
{
  g_return_if_fail (ESHI_IS_JOB (self));

  self->state = state;
  g_signal_emit (self, signals[CHANGED], 0);
}

gint64
eshi_job_get_parent (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), 0);

  return self->parent;
}

EshiRelation
eshi_job_get_relation (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), ESHI_RELATION_NONE);

  return self->relation;
}

gint64
eshi_job_get_id (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), 0);

  return self->id;
}

void
eshi_job_set_id (EshiJob *self,
                 gint64   id)
{
  g_return_if_fail (ESHI_IS_JOB (self));

  self->id = id;
}

const EshiProgress *
eshi_job_get_progress (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  return &self->progress;
}

void
eshi_job_set_progress (EshiJob            *self,
                       const EshiProgress *progress)
{
  g_return_if_fail (ESHI_IS_JOB (self));
  g_return_if_fail (progress != NULL);

  self->progress = *progress;
  g_signal_emit (self, signals[CHANGED], 0);
}

GdkTexture *
eshi_job_get_preview (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  return self->preview;
}

void
eshi_job_set_preview (EshiJob    *self,
                      GdkTexture *preview)
{
  g_return_if_fail (ESHI_IS_JOB (self));
  g_return_if_fail (preview == NULL || GDK_IS_TEXTURE (preview));

  if (g_set_object (&self->preview, preview))
    g_signal_emit (self, signals[CHANGED], 0);
}

GBytes *
eshi_job_get_checkpoint (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), NULL);

  return self->checkpoint;
}

void
eshi_job_set_checkpoint (EshiJob *self,
                         GBytes  *checkpoint)
{
  g_return_if_fail (ESHI_IS_JOB (self));

  if (checkpoint != NULL)
    g_bytes_ref (checkpoint);
  g_clear_pointer (&self->checkpoint, g_bytes_unref);
  self->checkpoint = checkpoint;
}

gboolean
eshi_job_get_has_kept_checkpoint (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), FALSE);

  return self->has_kept_checkpoint && self->checkpoint == NULL;
}

gint64
eshi_job_get_leftover (EshiJob *self)
{
  g_return_val_if_fail (ESHI_IS_JOB (self), 0);

  return self->leftover;
}

void
eshi_job_set_leftover (EshiJob *self,
                       gint64   leftover)
{
  g_return_if_fail (ESHI_IS_JOB (self));

  self->leftover = leftover;
}

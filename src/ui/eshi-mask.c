/* eshi-mask.c: where a picture is painted over: a plane of bytes that is painted, and that can take it back.
 *
 * Undo keeps the tiles that a step touched, as they were before; undoing exchanges them with what is there now. The
 * feather is worked out on a thread, so that a stroke costs only its own area. Draws nothing on a screen.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-mask.h"

#include "eshi-blur.h"

#include <math.h>
#include <string.h>

#define TILE 64
#define MAX_KEPT_BYTES (32 * 1024 * 1024)

typedef struct
{
  int x;
  int y;
  int width;
  int height;
} Area;

/* The tiles that one step touched, as they were on its other side. */
typedef struct
{
  GArray *indices;     /* of guint */
  GByteArray *values;  /* TILE · TILE for each of them, rows packed to the tile's own width */
} Step;

struct _EshiMask
{
  GObject parent_instance;

  /* Owned References */
  guint8 *values;      /* [height, width]: as painted */
  guint8 *shown;       /* [height, width]: with the feather */
  guint8 *touched;     /* [tiles]: kept already by the step that is being made */
  Step *step;          /* NULL unless one is being made */

  GQueue undo;         /* of Step, newest first */
  GQueue redo;
  gsize kept_bytes;    /* in both */

  int width;
  int height;
  int tiles_across;
  int tiles_down;
  double feather;
  double x;            /* where the stroke has got to */
  double y;
  double radius;
  guint version;       /* of values and feather */
  guint shown_version; /* that shown has caught up with */
  guint stroking : 1;
  guint started : 1;   /* the stroke has a point */
  guint erase : 1;
  guint softening : 1; /* a thread works out the feather */
};

enum
{
  PROP_0,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_FEATHER,
  N_PROPS,
};

enum
{
  CHANGED,
  EDITED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiMask, eshi_mask, G_TYPE_OBJECT)

static void soften (EshiMask *self);

static Area
whole (EshiMask *self)
{
  return (Area) { 0, 0, self->width, self->height };
}

static gsize
count (EshiMask *self)
{
  return (gsize) self->width * self->height;
}

static void
emit_changed (EshiMask *self,
              Area      area)
{
  g_signal_emit (self, signals[CHANGED], 0, area.x, area.y, area.width, area.height);
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static Step *
step_new (void)
{
  Step *step = g_new0 (Step, 1);

  step->indices = g_array_new (FALSE, FALSE, sizeof (guint));
  step->values = g_byte_array_new ();
  return step;
}

static void
step_free (Step *step)
{
  g_array_unref (step->indices);
  g_byte_array_unref (step->values);
  g_free (step);
}

static Area
tile_area (EshiMask *self,
           guint     index)
{
  int x = (int) index % self->tiles_across * TILE;
  int y = (int) index / self->tiles_across * TILE;

  return (Area) { x, y, MIN (TILE, self->width - x), MIN (TILE, self->height - y) };
}

static void
keep_tile (EshiMask *self,
           guint     index)
{
  Area area = tile_area (self, index);

  if (self->touched[index])
    return;
  self->touched[index] = TRUE;
  g_array_append_val (self->step->indices, index);
  for (int y = 0; y < area.height; y++)
    g_byte_array_append (self->step->values, self->values + (gsize) (area.y + y) * self->width + area.x,
                         (guint) area.width);
}

/* Before anything in @area is changed. */
static void
keep (EshiMask *self,
      Area      area)
{
  for (int y = area.y / TILE; y <= (area.y + area.height - 1) / TILE; y++)
    {
      for (int x = area.x / TILE; x <= (area.x + area.width - 1) / TILE; x++)
        keep_tile (self, (guint) (y * self->tiles_across + x));
    }
}

static void
exchange_rows (guint8 *a,
               guint8 *b,
               int     n)
{
  guint8 held[TILE];

  memcpy (held, a, (gsize) n);
  memcpy (a, b, (gsize) n);
  memcpy (b, held, (gsize) n);
}

/* Puts what @step keeps in the place of what is there, and the other way round. */
static void
exchange (EshiMask *self,
          Step     *step)
{
  guint8 *kept = step->values->data;

  for (guint i = 0; i < step->indices->len; i++)
    {
      Area area = tile_area (self, g_array_index (step->indices, guint, i));

      for (int y = 0; y < area.height; y++)
        {
          exchange_rows (self->values + (gsize) (area.y + y) * self->width + area.x, kept, area.width);
          kept += area.width;
        }
    }
}

static void
forget (EshiMask *self,
        GQueue   *steps)
{
  Step *step = g_queue_pop_tail (steps);

  self->kept_bytes -= step->values->len;
  step_free (step);
}

static void
notify_steps (EshiMask *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_UNDO]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_REDO]);
}

static void
begin_step (EshiMask *self)
{
  self->step = step_new ();
  memset (self->touched, FALSE, (gsize) self->tiles_across * self->tiles_down);
}

static void
end_step (EshiMask *self)
{
  Step *step = g_steal_pointer (&self->step);

  if (step->indices->len == 0)
    {
      step_free (step);
      return;
    }
  while (!g_queue_is_empty (&self->redo))
    forget (self, &self->redo);
  g_queue_push_head (&self->undo, step);
  self->kept_bytes += step->values->len;
  while (self->kept_bytes > MAX_KEPT_BYTES && g_queue_get_length (&self->undo) > 1)
    forget (self, &self->undo);
  notify_steps (self);
}

/* --- the feather ------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint8 *values;
  int width;
  int height;
  double feather;
  guint version;
} Softening;

static void
softening_free (Softening *softening)
{
  g_free (softening->values);
  g_free (softening);
}

static void
soften_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  const Softening *softening = task_data;

  g_task_return_pointer (task,
                         eshi_blur (softening->values, softening->width, softening->height, softening->feather),
                         g_free);
}

static void
on_softened_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  EshiMask *self = ESHI_MASK (source);
  const Softening *softening = g_task_get_task_data (G_TASK (result));
  g_autofree guint8 *soft = g_task_propagate_pointer (G_TASK (result), NULL);

  self->softening = FALSE;
  if (softening->version != self->version || self->stroking)
    {
      soften (self);
      return;
    }
  g_free (self->shown);
  self->shown = g_steal_pointer (&soft);
  self->shown_version = self->version;
  emit_changed (self, whole (self));
}

/* Begins to work out the feather, unless that goes on already or a stroke does, whose end asks again. */
static void
soften (EshiMask *self)
{
  g_autoptr(GTask) task = NULL;
  Softening *softening;

  if (self->feather <= 0 || self->softening || self->stroking)
    return;
  softening = g_new0 (Softening, 1);
  *softening = (Softening) {
    g_memdup2 (self->values, count (self)),
    self->width,
    self->height,
    self->feather,
    self->version,
  };
  self->softening = TRUE;
  task = g_task_new (self, NULL, on_softened_cb, NULL);
  g_task_set_source_tag (task, soften);
  g_task_set_task_data (task, softening, (GDestroyNotify) softening_free);
  g_task_run_in_thread (task, soften_in_thread);
}

/* @area of the painted values has changed: it is shown crisp at once. */
static void
show (EshiMask *self,
      Area      area)
{
  self->version++;
  if (self->feather <= 0)
    self->shown_version = self->version;
  for (int y = area.y; y < area.y + area.height; y++)
    memcpy (self->shown + (gsize) y * self->width + area.x,
            self->values + (gsize) y * self->width + area.x,
            (gsize) area.width);
  emit_changed (self, area);
}

/* Everything that was to be changed at once has been. */
static void
finish (EshiMask *self)
{
  soften (self);
  g_signal_emit (self, signals[EDITED], 0);
}

/* --- strokes ----------------------------------------------------------------------------------------------------- */

/* What a round brush that goes straight from one point to another covers, clipped to the mask. */
static Area
stroke_area (EshiMask *self,
             double    x,
             double    y,
             double    radius)
{
  int left = (int) floor (fmax (fmin (x - radius, self->x - self->radius) - 1, 0));
  int top = (int) floor (fmax (fmin (y - radius, self->y - self->radius) - 1, 0));
  int right = (int) ceil (fmin (fmax (x + radius, self->x + self->radius) + 1, self->width));
  int bottom = (int) ceil (fmin (fmax (y + radius, self->y + self->radius) + 1, self->height));

  return (Area) { left, top, right - left, bottom - top };
}

/* How much of a pixel lies within @radius of a point, 0 to 255: an edge one pixel wide. */
static float
coverage (float squared_distance,
          float radius)
{
  float inner = radius - 0.5f;
  float outer = radius + 0.5f;

  if (squared_distance >= outer * outer)
    return 0.0f;
  if (inner > 0.0f && squared_distance <= inner * inner)
    return 255.0f;
  return MIN (outer - sqrtf (squared_distance), 1.0f) * 255.0f + 0.5f;
}

static void
paint_row (EshiMask *self,
           Area      area,
           int       y,
           double    to_x,
           double    to_y,
           double    to_radius)
{
  guint8 *row = self->values + (gsize) y * self->width;
  float dx = (float) (to_x - self->x);
  float dy = (float) (to_y - self->y);
  float grow = (float) (to_radius - self->radius);
  float radius = (float) self->radius;
  float per_length = dx * dx + dy * dy > 1e-6f ? 1.0f / (dx * dx + dy * dy) : 0.0f;
  float py = (float) (y + 0.5 - self->y);

  for (int x = area.x; x < area.x + area.width; x++)
    {
      float px = (float) (x + 0.5 - self->x);
      float t = CLAMP ((px * dx + py * dy) * per_length, 0.0f, 1.0f);
      float away_x = px - t * dx;
      float away_y = py - t * dy;
      float value = coverage (away_x * away_x + away_y * away_y, radius + t * grow);

      if (value > 0.0f)
        row[x] = (guint8) (self->erase ? MIN (row[x], 255 - (int) value) : MAX (row[x], (int) value));
    }
}

void
eshi_mask_begin_stroke (EshiMask *self,
                        gboolean  erase)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  if (self->stroking)
    eshi_mask_end_stroke (self);
  self->stroking = TRUE;
  self->started = FALSE;
  self->erase = erase != FALSE;
  begin_step (self);
}

void
eshi_mask_stroke_to (EshiMask *self,
                     double    x,
                     double    y,
                     double    radius)
{
  Area area;

  g_return_if_fail (ESHI_IS_MASK (self));
  g_return_if_fail (self->stroking);

  /* Far outside there is nothing to paint, and ints end. */
  x = CLAMP (x, -65536.0, 65536.0);
  y = CLAMP (y, -65536.0, 65536.0);
  radius = CLAMP (radius, 0.5, 16384.0);
  if (!self->started)
    {
      self->x = x;
      self->y = y;
      self->radius = radius;
      self->started = TRUE;
    }
  area = stroke_area (self, x, y, radius);
  if (area.width > 0 && area.height > 0)
    {
      keep (self, area);
      for (int row = area.y; row < area.y + area.height; row++)
        paint_row (self, area, row, x, y, radius);
      show (self, area);
    }
  self->x = x;
  self->y = y;
  self->radius = radius;
}

void
eshi_mask_end_stroke (EshiMask *self)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  if (!self->stroking)
    return;
  self->stroking = FALSE;
  end_step (self);
  finish (self);
}

void
eshi_mask_cancel_stroke (EshiMask *self)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  if (!self->stroking)
    return;
  self->stroking = FALSE;
  exchange (self, self->step);
  g_clear_pointer (&self->step, step_free);
  show (self, whole (self));
  finish (self);
}

/* --- changes of the whole ---------------------------------------------------------------------------------------- */

/* Everything gets @value, in one step. */
static void
set_all (EshiMask *self,
         guint8    value)
{
  begin_step (self);
  keep (self, whole (self));
  memset (self->values, value, count (self));
  end_step (self);
  show (self, whole (self));
  finish (self);
}

void
eshi_mask_clear (EshiMask *self)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  eshi_mask_end_stroke (self);
  if (!eshi_mask_get_empty (self))
    set_all (self, 0);
}

void
eshi_mask_fill (EshiMask *self)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  eshi_mask_end_stroke (self);
  set_all (self, 255);
}

void
eshi_mask_invert (EshiMask *self)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  eshi_mask_end_stroke (self);
  begin_step (self);
  keep (self, whole (self));
  for (gsize i = 0; i < count (self); i++)
    self->values[i] = 255 - self->values[i];
  end_step (self);
  show (self, whole (self));
  finish (self);
}

static gboolean
move_step (EshiMask *self,
           GQueue   *from,
           GQueue   *to)
{
  Step *step;

  eshi_mask_end_stroke (self);
  step = g_queue_pop_head (from);
  if (step == NULL)
    return FALSE;
  exchange (self, step);
  g_queue_push_head (to, step);
  notify_steps (self);
  show (self, whole (self));
  finish (self);
  return TRUE;
}

gboolean
eshi_mask_undo (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), FALSE);

  return move_step (self, &self->undo, &self->redo);
}

gboolean
eshi_mask_redo (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), FALSE);

  return move_step (self, &self->redo, &self->undo);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_mask_finalize (GObject *object)
{
  EshiMask *self = ESHI_MASK (object);

  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->shown, g_free);
  g_clear_pointer (&self->touched, g_free);
  g_clear_pointer (&self->step, step_free);
  g_queue_clear_full (&self->undo, (GDestroyNotify) step_free);
  g_queue_clear_full (&self->redo, (GDestroyNotify) step_free);
  G_OBJECT_CLASS (eshi_mask_parent_class)->finalize (object);
}

static void
eshi_mask_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  EshiMask *self = ESHI_MASK (object);

  switch (prop_id)
    {
    case PROP_CAN_UNDO:
      g_value_set_boolean (value, !g_queue_is_empty (&self->undo));
      break;
    case PROP_CAN_REDO:
      g_value_set_boolean (value, !g_queue_is_empty (&self->redo));
      break;
    case PROP_FEATHER:
      g_value_set_double (value, self->feather);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_mask_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_FEATHER:
      eshi_mask_set_feather (ESHI_MASK (object), g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_mask_class_init (EshiMaskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = eshi_mask_finalize;
  object_class->get_property = eshi_mask_get_property;
  object_class->set_property = eshi_mask_set_property;

  properties[PROP_CAN_UNDO] = g_param_spec_boolean ("can-undo", NULL, NULL, FALSE, flags | G_PARAM_READABLE);
  properties[PROP_CAN_REDO] = g_param_spec_boolean ("can-redo", NULL, NULL, FALSE, flags | G_PARAM_READABLE);
  properties[PROP_FEATHER] =
    g_param_spec_double ("feather", NULL, NULL, 0, ESHI_MASK_FEATHER_MAX, 0, flags | G_PARAM_READWRITE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 4, G_TYPE_INT, G_TYPE_INT, G_TYPE_INT, G_TYPE_INT);
  signals[EDITED] = g_signal_new ("edited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
}

static void
eshi_mask_init (EshiMask *self)
{
  g_queue_init (&self->undo);
  g_queue_init (&self->redo);
}

EshiMask *
eshi_mask_new (int width,
               int height)
{
  EshiMask *self;

  g_return_val_if_fail (width >= 1 && width <= 16384, NULL);
  g_return_val_if_fail (height >= 1 && height <= 16384, NULL);

  self = g_object_new (ESHI_TYPE_MASK, NULL);
  self->width = width;
  self->height = height;
  self->tiles_across = (width + TILE - 1) / TILE;
  self->tiles_down = (height + TILE - 1) / TILE;
  self->values = g_malloc0 (count (self));
  self->shown = g_malloc0 (count (self));
  self->touched = g_malloc0 ((gsize) self->tiles_across * self->tiles_down);
  return self;
}

EshiMask *
eshi_mask_new_from_image (const EshiImage *image)
{
  EshiMask *self;
  const guint8 *rgb;

  g_return_val_if_fail (image != NULL, NULL);

  self = eshi_mask_new (eshi_image_get_width (image), eshi_image_get_height (image));
  rgb = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  /* The weights by which the engine reads a mask; they add up to 65536, so that greys stay as they are. */
  for (gsize i = 0; i < count (self); i++)
    self->values[i] = (guint8) ((19595u * rgb[3 * i] + 38470u * rgb[3 * i + 1] + 7471u * rgb[3 * i + 2] + 32768u) >> 16);
  memcpy (self->shown, self->values, count (self));
  return self;
}

int
eshi_mask_get_width (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), 0);

  return self->width;
}

int
eshi_mask_get_height (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), 0);

  return self->height;
}

const guint8 *
eshi_mask_get_shown (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), NULL);

  return self->shown;
}

gboolean
eshi_mask_get_empty (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), TRUE);

  /* A plane is all zero if its first byte is, and every byte equals the next. */
  return self->values[0] == 0 && memcmp (self->values, self->values + 1, count (self) - 1) == 0;
}

double
eshi_mask_get_coverage (EshiMask *self)
{
  guint64 sum = 0;

  g_return_val_if_fail (ESHI_IS_MASK (self), 0);

  for (gsize i = 0; i < count (self); i++)
    sum += self->values[i];
  return (double) sum / (255.0 * (double) count (self));
}

double
eshi_mask_get_feather (EshiMask *self)
{
  g_return_val_if_fail (ESHI_IS_MASK (self), 0);

  return self->feather;
}

void
eshi_mask_set_feather (EshiMask *self,
                       double    feather)
{
  g_return_if_fail (ESHI_IS_MASK (self));

  feather = CLAMP (feather, 0.0, ESHI_MASK_FEATHER_MAX);
  if (feather == self->feather)
    return;
  self->feather = feather;
  self->version++;
  if (feather <= 0)
    show (self, whole (self));
  finish (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FEATHER]);
}

EshiImage *
eshi_mask_to_image (EshiMask *self)
{
  g_autofree guint8 *soft = NULL;
  g_autoptr(GBytes) bytes = NULL;
  const guint8 *values;
  guint8 *rgb;

  g_return_val_if_fail (ESHI_IS_MASK (self), NULL);

  /* Only a feather that was asked for a moment ago is not there yet. */
  if (self->shown_version != self->version)
    soft = eshi_blur (self->values, self->width, self->height, self->feather);
  values = soft != NULL ? soft : self->shown;
  rgb = g_malloc (3 * count (self));
  for (gsize i = 0; i < count (self); i++)
    rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = values[i];
  bytes = g_bytes_new_take (rgb, 3 * count (self));
  return eshi_image_new (self->width, self->height, bytes);
}

/* eshi-seed-row.c: the seed: a number, a dice and a lock.
 *
 * Unlocked, every request draws a new number, and the row shows the one really used. A number that was typed locks the
 * row, since it would be lost otherwise. The entry's text is never rewritten while it is being edited: an input method
 * may be composing full-width digits there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seed-row.h"

struct _EshiSeedRow
{
  AdwActionRow parent_instance;

  /* Template Widgets */
  GtkEntry *entry;
  GtkToggleButton *lock;

  guint seed;
  guint locked : 1;
  guint fresh : 1;     /* chosen since the last request: not to be drawn again */
  guint showing : 1;   /* the entry is being set by us */
};

enum
{
  PROP_0,
  PROP_SEED,
  PROP_LOCKED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiSeedRow, eshi_seed_row, ADW_TYPE_ACTION_ROW)

gboolean
eshi_seed_row_parse (const char *text,
                     guint      *seed)
{
  g_autofree char *plain = g_utf8_normalize (text, -1, G_NORMALIZE_ALL_COMPOSE);
  guint64 value;

  if (plain == NULL || !g_ascii_string_to_unsigned (g_strstrip (plain), 10, 0, G_MAXUINT32, &value, NULL))
    return FALSE;
  *seed = (guint) value;
  return TRUE;
}

static void
show_seed (EshiSeedRow *self)
{
  g_autofree char *text = g_strdup_printf ("%u", self->seed);

  g_assert (ESHI_IS_SEED_ROW (self));

  self->showing = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
  self->showing = FALSE;
}

static void
take_seed (EshiSeedRow *self,
           guint        seed)
{
  self->fresh = TRUE;
  if (self->seed == seed)
    return;
  self->seed = seed;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SEED]);
}

static void
on_entry_changed_cb (EshiSeedRow *self)
{
  guint seed;

  g_assert (ESHI_IS_SEED_ROW (self));

  if (self->showing)
    return;
  if (!eshi_seed_row_parse (gtk_editable_get_text (GTK_EDITABLE (self->entry)), &seed))
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->entry), "error");
      return;
    }
  gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
  take_seed (self, seed);
  eshi_seed_row_set_locked (self, TRUE);
}

static void
on_entry_leave_cb (EshiSeedRow *self)
{
  g_assert (ESHI_IS_SEED_ROW (self));

  show_seed (self);
}

static void
step_seed (EshiSeedRow *self,
           int          steps)
{
  gint64 seed = CLAMP ((gint64) self->seed + steps, 0, (gint64) G_MAXUINT32);

  eshi_seed_row_set_seed (self, (guint) seed);
  eshi_seed_row_set_locked (self, TRUE);
}

static gboolean
on_entry_key_cb (EshiSeedRow     *self,
                 guint            keyval,
                 guint            keycode,
                 GdkModifierType  state)
{
  g_assert (ESHI_IS_SEED_ROW (self));

  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0)
    return GDK_EVENT_PROPAGATE;
  if (keyval != GDK_KEY_Up && keyval != GDK_KEY_Down)
    return GDK_EVENT_PROPAGATE;
  step_seed (self, keyval == GDK_KEY_Up ? 1 : -1);
  return GDK_EVENT_STOP;
}

static gboolean
on_entry_scroll_cb (EshiSeedRow *self,
                    double       dx,
                    double       dy)
{
  g_assert (ESHI_IS_SEED_ROW (self));

  if (!gtk_widget_has_focus (GTK_WIDGET (gtk_editable_get_delegate (GTK_EDITABLE (self->entry)))))
    return GDK_EVENT_PROPAGATE;
  step_seed (self, dy < 0 ? 1 : -1);
  return GDK_EVENT_STOP;
}

static void
on_lock_toggled_cb (EshiSeedRow *self)
{
  g_assert (ESHI_IS_SEED_ROW (self));

  eshi_seed_row_set_locked (self, gtk_toggle_button_get_active (self->lock));
}

static void
on_dice_clicked_cb (EshiSeedRow *self)
{
  eshi_seed_row_roll (self);
}

static void
eshi_seed_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_SEED_ROW);
  G_OBJECT_CLASS (eshi_seed_row_parent_class)->dispose (object);
}

static void
eshi_seed_row_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  EshiSeedRow *self = ESHI_SEED_ROW (object);

  switch (prop_id)
    {
    case PROP_SEED:
      g_value_set_uint (value, self->seed);
      break;
    case PROP_LOCKED:
      g_value_set_boolean (value, self->locked);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_row_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  EshiSeedRow *self = ESHI_SEED_ROW (object);

  switch (prop_id)
    {
    case PROP_SEED:
      eshi_seed_row_set_seed (self, g_value_get_uint (value));
      break;
    case PROP_LOCKED:
      eshi_seed_row_set_locked (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_row_class_init (EshiSeedRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_seed_row_dispose;
  object_class->get_property = eshi_seed_row_get_property;
  object_class->set_property = eshi_seed_row_set_property;

  properties[PROP_SEED] =
    g_param_spec_uint ("seed", NULL, NULL, 0, G_MAXUINT32, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_LOCKED] =
    g_param_spec_boolean ("locked", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-seed-row.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiSeedRow, entry);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedRow, lock);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_leave_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_key_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_scroll_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_lock_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_dice_clicked_cb);
}

static void
eshi_seed_row_init (EshiSeedRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  show_seed (self);
}

GtkWidget *
eshi_seed_row_new (void)
{
  return g_object_new (ESHI_TYPE_SEED_ROW, NULL);
}

guint
eshi_seed_row_get_seed (EshiSeedRow *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_ROW (self), 0);

  return self->seed;
}

void
eshi_seed_row_set_seed (EshiSeedRow *self,
                        guint        seed)
{
  g_return_if_fail (ESHI_IS_SEED_ROW (self));

  take_seed (self, seed);
  show_seed (self);
}

gboolean
eshi_seed_row_get_locked (EshiSeedRow *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_ROW (self), FALSE);

  return self->locked;
}

void
eshi_seed_row_set_locked (EshiSeedRow *self,
                          gboolean     locked)
{
  g_return_if_fail (ESHI_IS_SEED_ROW (self));

  locked = !!locked;
  if (self->locked == locked)
    return;
  self->locked = locked;
  gtk_toggle_button_set_active (self->lock, locked);
  gtk_button_set_icon_name (GTK_BUTTON (self->lock),
                            locked ? "changes-prevent-symbolic" : "changes-allow-symbolic");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCKED]);
}

void
eshi_seed_row_roll (EshiSeedRow *self)
{
  g_return_if_fail (ESHI_IS_SEED_ROW (self));

  eshi_seed_row_set_seed (self, g_random_int ());
}

guint
eshi_seed_row_take (EshiSeedRow *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_ROW (self), 0);

  if (!self->locked && !self->fresh)
    eshi_seed_row_roll (self);
  self->fresh = FALSE;
  return self->seed;
}

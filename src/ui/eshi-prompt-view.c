/* eshi-prompt-view.c: a text view for prompts that knows when an input method is composing.
 *
 * Ctrl+Enter is taken in the capture phase, and only while nothing is being composed: an application accelerator, or a
 * controller in the bubble phase of the view itself, would fire in the middle of a Japanese word. Plain Enter is left
 * to the input method and to the text. The view never changes its text while something is being composed.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-prompt-view.h"

#include "eshi-test-log.h"

struct _EshiPromptView
{
  GtkTextView parent_instance;

  /* Owned References */
  char *preedit;
  char *placeholder_text;

  /* Borrowed References */
  GtkTextTag *dim_tag;
};

enum
{
  PROP_0,
  PROP_COMPOSING,
  PROP_PLACEHOLDER_TEXT,
  N_PROPS,
};

enum
{
  SUBMIT,
  TEXT_CHANGED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiPromptView, eshi_prompt_view, GTK_TYPE_TEXT_VIEW)

static void
on_preedit_changed_cb (EshiPromptView *self,
                       const char     *preedit)
{
  gboolean was_composing;

  g_assert (ESHI_IS_PROMPT_VIEW (self));

  was_composing = eshi_prompt_view_get_composing (self);
  g_free (self->preedit);
  self->preedit = g_strdup (preedit);
  eshi_test_log ("PREEDIT [%s]", preedit);
  if (was_composing != eshi_prompt_view_get_composing (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPOSING]);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[TEXT_CHANGED], 0);
}

static void
on_buffer_changed_cb (EshiPromptView *self)
{
  g_autofree char *text = NULL;

  g_assert (ESHI_IS_PROMPT_VIEW (self));

  text = eshi_prompt_view_dup_text (self);
  eshi_test_log ("BUFFER [%s]", text);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[TEXT_CHANGED], 0);
}

static gboolean
on_key_pressed_cb (EshiPromptView  *self,
                   guint            keyval,
                   guint            keycode,
                   GdkModifierType  state)
{
  g_assert (ESHI_IS_PROMPT_VIEW (self));

  if (keyval != GDK_KEY_Return && keyval != GDK_KEY_KP_Enter && keyval != GDK_KEY_ISO_Enter)
    return GDK_EVENT_PROPAGATE;
  if ((state & gtk_accelerator_get_default_mod_mask ()) != GDK_CONTROL_MASK)
    return GDK_EVENT_PROPAGATE;
  if (eshi_prompt_view_get_composing (self))
    {
      eshi_test_log ("COMPOSING ctrl-enter left to the input method");
      return GDK_EVENT_PROPAGATE;
    }
  g_signal_emit (self, signals[SUBMIT], 0);
  return GDK_EVENT_STOP;
}

static void
snapshot_placeholder (EshiPromptView *self,
                      GtkSnapshot    *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkTextView *view = GTK_TEXT_VIEW (self);
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout (widget, self->placeholder_text);
  int margins = gtk_text_view_get_left_margin (view) + gtk_text_view_get_right_margin (view);
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha *= 0.5f;
  pango_layout_set_width (layout, MAX (gtk_widget_get_width (widget) - margins, 1) * PANGO_SCALE);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (gtk_text_view_get_left_margin (view),
                                                          gtk_text_view_get_top_margin (view)));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

static void
eshi_prompt_view_snapshot (GtkWidget   *widget,
                           GtkSnapshot *snapshot)
{
  EshiPromptView *self = ESHI_PROMPT_VIEW (widget);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));

  GTK_WIDGET_CLASS (eshi_prompt_view_parent_class)->snapshot (widget, snapshot);
  if (self->placeholder_text != NULL && gtk_text_buffer_get_char_count (buffer) == 0 &&
      !eshi_prompt_view_get_composing (self))
    snapshot_placeholder (self, snapshot);
}

static void
eshi_prompt_view_finalize (GObject *object)
{
  EshiPromptView *self = ESHI_PROMPT_VIEW (object);

  g_clear_pointer (&self->preedit, g_free);
  g_clear_pointer (&self->placeholder_text, g_free);
  G_OBJECT_CLASS (eshi_prompt_view_parent_class)->finalize (object);
}

static void
eshi_prompt_view_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  EshiPromptView *self = ESHI_PROMPT_VIEW (object);

  switch (prop_id)
    {
    case PROP_COMPOSING:
      g_value_set_boolean (value, eshi_prompt_view_get_composing (self));
      break;
    case PROP_PLACEHOLDER_TEXT:
      g_value_set_string (value, self->placeholder_text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_prompt_view_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_PLACEHOLDER_TEXT:
      eshi_prompt_view_set_placeholder_text (ESHI_PROMPT_VIEW (object), g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_prompt_view_class_init (EshiPromptViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->finalize = eshi_prompt_view_finalize;
  object_class->get_property = eshi_prompt_view_get_property;
  object_class->set_property = eshi_prompt_view_set_property;
  widget_class->snapshot = eshi_prompt_view_snapshot;

  properties[PROP_COMPOSING] =
    g_param_spec_boolean ("composing", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_PLACEHOLDER_TEXT] =
    g_param_spec_string ("placeholder-text", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SUBMIT] = g_signal_new ("submit", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TEXT_CHANGED] = g_signal_new ("text-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                        0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eshi_prompt_view_init (EshiPromptView *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (self), FALSE);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (self), GTK_WRAP_WORD_CHAR);
  self->dim_tag = gtk_text_buffer_create_tag (buffer, "eshi-dim", "foreground", "gray", NULL);

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (on_key_pressed_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  g_signal_connect (self, "preedit-changed", G_CALLBACK (on_preedit_changed_cb), NULL);
  g_signal_connect_object (buffer, "changed", G_CALLBACK (on_buffer_changed_cb), self, G_CONNECT_SWAPPED);
}

GtkWidget *
eshi_prompt_view_new (void)
{
  return g_object_new (ESHI_TYPE_PROMPT_VIEW, NULL);
}

gboolean
eshi_prompt_view_get_composing (EshiPromptView *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_VIEW (self), FALSE);

  return self->preedit != NULL && self->preedit[0] != '\0';
}

char *
eshi_prompt_view_dup_text (EshiPromptView *self)
{
  GtkTextBuffer *buffer;
  GtkTextIter start;
  GtkTextIter end;

  g_return_val_if_fail (ESHI_IS_PROMPT_VIEW (self), NULL);

  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

char *
eshi_prompt_view_dup_seen_text (EshiPromptView *self)
{
  GtkTextBuffer *buffer;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  GtkTextIter start;
  GtkTextIter end;
  GtkTextIter cursor;

  g_return_val_if_fail (ESHI_IS_PROMPT_VIEW (self), NULL);

  if (!eshi_prompt_view_get_composing (self))
    return eshi_prompt_view_dup_text (self);
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_get_iter_at_mark (buffer, &cursor, gtk_text_buffer_get_insert (buffer));
  before = gtk_text_buffer_get_text (buffer, &start, &cursor, FALSE);
  after = gtk_text_buffer_get_text (buffer, &cursor, &end, FALSE);
  return g_strconcat (before, self->preedit, after, NULL);
}

void
eshi_prompt_view_set_text (EshiPromptView *self,
                           const char     *text)
{
  GtkTextBuffer *buffer;
  g_autofree char *old = NULL;
  GtkTextIter start;
  GtkTextIter end;

  g_return_if_fail (ESHI_IS_PROMPT_VIEW (self));

  old = eshi_prompt_view_dup_text (self);
  if (g_strcmp0 (old, text != NULL ? text : "") == 0)
    return;
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_delete (buffer, &start, &end);
  if (text != NULL)
    gtk_text_buffer_insert (buffer, &start, text, -1);
  gtk_text_buffer_end_user_action (buffer);
}

const char *
eshi_prompt_view_get_placeholder_text (EshiPromptView *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_VIEW (self), NULL);

  return self->placeholder_text;
}

void
eshi_prompt_view_set_placeholder_text (EshiPromptView *self,
                                       const char     *text)
{
  g_return_if_fail (ESHI_IS_PROMPT_VIEW (self));

  if (g_strcmp0 (text, self->placeholder_text) == 0)
    return;
  g_free (self->placeholder_text);
  self->placeholder_text = g_strdup (text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_PLACEHOLDER, text != NULL ? text : "",
                                  -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLACEHOLDER_TEXT]);
}

void
eshi_prompt_view_dim_after (EshiPromptView *self,
                            int             offset)
{
  GtkTextBuffer *buffer;
  GtkTextIter start;
  GtkTextIter end;

  g_return_if_fail (ESHI_IS_PROMPT_VIEW (self));

  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_remove_tag (buffer, self->dim_tag, &start, &end);
  if (offset < 0)
    return;
  gtk_text_buffer_get_iter_at_offset (buffer, &start, offset);
  gtk_text_buffer_apply_tag (buffer, self->dim_tag, &start, &end);
}

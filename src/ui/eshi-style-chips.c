/* eshi-style-chips.c: toggles that add a style word to a prompt.
 *
 * The words are Japanese in every language of the program, because it is the model that reads them. The prompt is the
 * only truth: chips follow it, and keep no state of their own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-style-chips.h"

#define N_STYLES 6
#define CHIP_PICTURE_SIZE 20

static const char * const style_words[N_STYLES] = {
  "イラスト", "油絵", "水彩画", "鉛筆画", "ドット絵", "浮世絵",
};

struct _EshiStyleChips
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkFlowBox *flow;

  /* Borrowed References */
  GtkToggleButton *chips[N_STYLES];
  GtkImage *images[N_STYLES];

  /* Owned References */
  GtkTextBuffer *buffer;

  guint following : 1;
};

G_DEFINE_FINAL_TYPE (EshiStyleChips, eshi_style_chips, ADW_TYPE_BIN)

static gboolean
is_separator (gunichar c)
{
  return c == 0 || g_unichar_isspace (c) || c == ',' || c == '.' || c == 0x3001 || c == 0x3002 || c == 0xff0c;
}

gboolean
eshi_style_chips_find_word (const char *text,
                            const char *word,
                            int        *start,
                            int        *end)
{
  gsize n_bytes = strlen (word);

  for (const char *at = strstr (text, word); at != NULL; at = strstr (at + n_bytes, word))
    {
      gunichar before = at > text ? g_utf8_get_char (g_utf8_prev_char (at)) : 0;
      gunichar after = g_utf8_get_char (at + n_bytes);

      if (!is_separator (before) || !is_separator (after))
        continue;
      *start = (int) g_utf8_pointer_to_offset (text, at);
      *end = *start + (int) g_utf8_strlen (word, -1);
      return TRUE;
    }
  return FALSE;
}

static char *
dup_buffer_text (GtkTextBuffer *buffer)
{
  GtkTextIter start;
  GtkTextIter end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static void
follow_buffer (EshiStyleChips *self)
{
  g_autofree char *text = NULL;

  g_assert (ESHI_IS_STYLE_CHIPS (self));

  text = self->buffer != NULL ? dup_buffer_text (self->buffer) : g_strdup ("");
  self->following = TRUE;
  for (guint i = 0; i < N_STYLES; i++)
    {
      int start;
      int end;

      gtk_toggle_button_set_active (self->chips[i],
                                    eshi_style_chips_find_word (text, style_words[i], &start, &end));
    }
  self->following = FALSE;
}

static void
append_word (GtkTextBuffer *buffer,
             const char    *word)
{
  g_autofree char *text = dup_buffer_text (buffer);
  gsize length = strlen (text);
  gboolean joined = length > 0 && !is_separator (g_utf8_get_char (g_utf8_prev_char (text + length)));
  g_autofree char *added = g_strconcat (joined ? " " : "", word, NULL);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_insert (buffer, &end, added, -1);
  gtk_text_buffer_end_user_action (buffer);
}

/* Takes one separator away with the word, so that toggling twice leaves the prompt as it was. */
static void
remove_word (GtkTextBuffer *buffer,
             const char    *word)
{
  g_autofree char *text = dup_buffer_text (buffer);
  GtkTextIter start;
  GtkTextIter end;
  int first;
  int last;

  if (!eshi_style_chips_find_word (text, word, &first, &last))
    return;
  if (first > 0)
    first--;
  else if (last < gtk_text_buffer_get_char_count (buffer))
    last++;
  gtk_text_buffer_get_iter_at_offset (buffer, &start, first);
  gtk_text_buffer_get_iter_at_offset (buffer, &end, last);
  gtk_text_buffer_begin_user_action (buffer);
  gtk_text_buffer_delete (buffer, &start, &end);
  gtk_text_buffer_end_user_action (buffer);
}

static void
on_chip_toggled_cb (EshiStyleChips  *self,
                    GtkToggleButton *chip)
{
  const char *word;

  g_assert (ESHI_IS_STYLE_CHIPS (self));

  if (self->following || self->buffer == NULL)
    return;
  word = g_object_get_data (G_OBJECT (chip), "eshi-word");
  if (gtk_toggle_button_get_active (chip))
    append_word (self->buffer, word);
  else
    remove_word (self->buffer, word);
  follow_buffer (self);
}

/* The small picture in a size to look at. */
static gboolean
on_query_tooltip_cb (GtkWidget  *chip,
                     int         x,
                     int         y,
                     gboolean    by_keyboard,
                     GtkTooltip *tooltip,
                     GtkImage   *image)
{
  GdkPaintable *paintable = gtk_image_get_paintable (image);

  if (paintable == NULL)
    return FALSE;
  gtk_tooltip_set_icon (tooltip, paintable);
  gtk_tooltip_set_text (tooltip, g_object_get_data (G_OBJECT (chip), "eshi-word"));
  return TRUE;
}

static GtkWidget *
new_chip (EshiStyleChips *self,
          guint           i)
{
  GtkWidget *chip = gtk_toggle_button_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *image = gtk_image_new ();

  gtk_image_set_pixel_size (GTK_IMAGE (image), CHIP_PICTURE_SIZE);
  gtk_widget_set_overflow (image, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_visible (image, FALSE);
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), image);
  gtk_box_append (GTK_BOX (box), gtk_label_new (style_words[i]));
  gtk_button_set_child (GTK_BUTTON (chip), box);
  gtk_widget_add_css_class (chip, "eshi-chip");
  gtk_widget_set_has_tooltip (chip, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (chip), GTK_ACCESSIBLE_PROPERTY_LABEL, style_words[i], -1);
  g_object_set_data (G_OBJECT (chip), "eshi-word", (gpointer) style_words[i]);
  g_signal_connect_object (chip, "toggled", G_CALLBACK (on_chip_toggled_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect (chip, "query-tooltip", G_CALLBACK (on_query_tooltip_cb), image);
  self->chips[i] = GTK_TOGGLE_BUTTON (chip);
  self->images[i] = GTK_IMAGE (image);

  return chip;
}

static void
add_chip (EshiStyleChips *self,
          guint           i)
{
  GtkWidget *child = gtk_flow_box_child_new ();

  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), new_chip (self, i));
  gtk_widget_set_focusable (child, FALSE);
  gtk_flow_box_append (self->flow, child);
}

static void
eshi_style_chips_dispose (GObject *object)
{
  EshiStyleChips *self = ESHI_STYLE_CHIPS (object);

  if (self->buffer != NULL)
    g_signal_handlers_disconnect_by_func (self->buffer, follow_buffer, self);
  g_clear_object (&self->buffer);
  G_OBJECT_CLASS (eshi_style_chips_parent_class)->dispose (object);
}

static void
eshi_style_chips_class_init (EshiStyleChipsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_style_chips_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-style-chips.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiStyleChips, flow);
}

static void
eshi_style_chips_init (EshiStyleChips *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < N_STYLES; i++)
    add_chip (self, i);
}

GtkWidget *
eshi_style_chips_new (void)
{
  return g_object_new (ESHI_TYPE_STYLE_CHIPS, NULL);
}

void
eshi_style_chips_set_buffer (EshiStyleChips *self,
                             GtkTextBuffer  *buffer)
{
  g_return_if_fail (ESHI_IS_STYLE_CHIPS (self));
  g_return_if_fail (buffer == NULL || GTK_IS_TEXT_BUFFER (buffer));

  if (self->buffer != NULL)
    g_signal_handlers_disconnect_by_func (self->buffer, follow_buffer, self);
  g_set_object (&self->buffer, buffer);
  if (buffer != NULL)
    g_signal_connect_object (buffer, "changed", G_CALLBACK (follow_buffer), self, G_CONNECT_SWAPPED);
  follow_buffer (self);
}

guint
eshi_style_chips_get_n_styles (void)
{
  return N_STYLES;
}

const char *
eshi_style_chips_get_word (guint i)
{
  g_return_val_if_fail (i < N_STYLES, NULL);

  return style_words[i];
}

void
eshi_style_chips_set_texture (EshiStyleChips *self,
                              guint           i,
                              GdkTexture     *texture)
{
  g_return_if_fail (ESHI_IS_STYLE_CHIPS (self));
  g_return_if_fail (i < N_STYLES);

  if (self->images[i] == NULL)
    return;
  gtk_image_set_from_paintable (self->images[i], GDK_PAINTABLE (texture));
  gtk_widget_set_visible (GTK_WIDGET (self->images[i]), texture != NULL);
}

/* eshi-menu-focus.c: a menu that was opened by a key gives the keyboard back.
 *
 * The toolkit looks for the next widget after the popover's parent, which is seldom the picture that the menu was about.
 * Only remembers and returns; who opens which menu is the business of the views.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-menu-focus.h"

static const char before[] = "eshi-focus-before";

static void
on_closed_cb (GtkPopover *popover)
{
  GWeakRef *ref = g_object_get_data (G_OBJECT (popover), before);
  g_autoptr(GtkWidget) widget = g_weak_ref_get (ref);

  if (widget != NULL && gtk_widget_get_mapped (widget))
    gtk_widget_grab_focus (widget);
}

static void
free_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

void
eshi_menu_focus_keep (GtkPopover *popover)
{
  GtkRoot *root;
  GWeakRef *ref = g_new0 (GWeakRef, 1);

  g_return_if_fail (GTK_IS_POPOVER (popover));

  root = gtk_widget_get_root (GTK_WIDGET (popover));
  g_weak_ref_init (ref, root != NULL ? gtk_root_get_focus (root) : NULL);
  g_object_set_data_full (G_OBJECT (popover), before, ref, free_ref);
  g_signal_connect (popover, "closed", G_CALLBACK (on_closed_cb), NULL);
}

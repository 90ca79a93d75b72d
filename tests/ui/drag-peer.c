/* drag-peer.c: another program to drag files from and to: a file manager's stand-in.
 *
 *   drag-peer FILE
 *
 * Its window lets FILE be dragged from its upper half, and writes what is dropped on its lower half to the standard
 * output: "DROPPED PATH" for every file.
 *
 * SPDX-License-Identifier: MIT
 */

#include <gtk/gtk.h>
#include <stdio.h>

static GdkContentProvider *
on_prepare_cb (GtkDragSource *source,
               double         x,
               double         y,
               gpointer       user_data)
{
  GFile *file = G_FILE (user_data);
  GdkFileList *list = gdk_file_list_new_from_array (&file, 1);
  GdkContentProvider *provider = gdk_content_provider_new_typed (GDK_TYPE_FILE_LIST, list);

  g_boxed_free (GDK_TYPE_FILE_LIST, list);
  return provider;
}

static gboolean
on_drop_cb (GtkDropTarget *target,
            const GValue  *value,
            double         x,
            double         y,
            gpointer       user_data)
{
  g_autoptr(GSList) files = gdk_file_list_get_files (g_value_get_boxed (value));

  for (GSList *l = files; l != NULL; l = l->next)
    printf ("DROPPED %s\n", g_file_peek_path (l->data));
  fflush (stdout);
  return TRUE;
}

static GtkWidget *
make_half (const char         *text,
           GtkEventController *controller)
{
  GtkWidget *half = gtk_label_new (text);

  gtk_widget_set_vexpand (half, TRUE);
  gtk_widget_add_controller (half, controller);
  return half;
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GFile) file = g_file_new_for_commandline_arg (argc > 1 ? argv[1] : "/dev/null");
  GtkDragSource *source;
  GtkDropTarget *target;
  GtkWidget *window;
  GtkWidget *box;

  gtk_init ();
  source = gtk_drag_source_new ();
  g_signal_connect (source, "prepare", G_CALLBACK (on_prepare_cb), file);
  target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop_cb), NULL);

  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_box_append (GTK_BOX (box), make_half ("drag me", GTK_EVENT_CONTROLLER (source)));
  gtk_box_append (GTK_BOX (box), make_half ("drop here", GTK_EVENT_CONTROLLER (target)));
  window = gtk_window_new ();
  gtk_window_set_title (GTK_WINDOW (window), "drag-peer");
  gtk_window_set_default_size (GTK_WINDOW (window), 200, 200);
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_child (GTK_WINDOW (window), box);
  gtk_window_present (GTK_WINDOW (window));
  while (g_list_model_get_n_items (gtk_window_get_toplevels ()) > 0)
    g_main_context_iteration (NULL, TRUE);
  return 0;
}

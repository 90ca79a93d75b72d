/* eshi-store.c: opening the history, closing it, and what is done while nothing waits.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "eshi-store-private.h"
#include "eshi-store-schema.h"

#define OWNERS_FOLDER "running"
#define N_ADOPTED_AT_ONCE 20

static const char *const schemas[] = ESHI_STORE_SCHEMAS;

EshiStore *
_eshi_store_new (const char *data_folder,
                 const char *pictures_folder)
{
  EshiStore *self = g_new0 (EshiStore, 1);
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);

  self->data = data_folder != NULL ? g_canonicalize_filename (data_folder, NULL)
                                   : g_build_filename (g_get_user_data_dir (), "eshi", NULL);
  self->pictures = pictures_folder != NULL
                     ? g_canonicalize_filename (pictures_folder, NULL)
                     : g_build_filename (pictures != NULL ? pictures : g_get_home_dir (), "Eshi", NULL);
  self->lock_fd = self->owner_fd = -1;
  self->to_adopt = g_ptr_array_new_with_free_func (g_free);
  self->to_list = g_ptr_array_new_with_free_func (g_free);

  return self;
}

static char *
owner_path (EshiStore  *self,
            const char *owner)
{
  return g_build_filename (self->data, OWNERS_FOLDER, owner, NULL);
}

static void
close_all (EshiStore *self)
{
  g_clear_pointer (&self->backup, _eshi_db_copy_free);
  _eshi_store_close_db (self);
  if (self->owner_fd >= 0)
    {
      g_autofree char *path = owner_path (self, self->owner);

      g_unlink (path);
      close (self->owner_fd);
    }
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = self->owner_fd = -1;
}

void
_eshi_store_free (EshiStore *self)
{
  close_all (self);
  g_clear_pointer (&self->reader, _eshi_reader_free);
  g_clear_pointer (&self->hash, _eshi_store_hash_free);
  g_clear_error (&self->why_closed);
  g_ptr_array_unref (self->to_adopt);
  g_ptr_array_unref (self->to_list);
  g_free (self->owner);
  g_free (self->notice);
  g_free (self->remembered);
  g_free (self->remembered_import);
  g_free (self->data);
  g_free (self->pictures);
  g_free (self);
}

/* A file that is locked as long as it is open, made if need be; -1 if that fails or another program has it. */
static int
lock_file (const char *path,
           int         operation)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd >= 0 && flock (fd, operation | LOCK_NB) != 0)
    {
      close (fd);
      return -1;
    }

  return fd;
}

gboolean
_eshi_store_is_alive (EshiStore  *self,
                      const char *owner)
{
  g_autofree char *path = owner_path (self, owner);
  int fd = open (path, O_RDWR | O_CLOEXEC);
  gboolean alive = FALSE;

  if (fd < 0)
    return FALSE;
  alive = flock (fd, LOCK_EX | LOCK_NB) != 0;
  if (!alive)
    g_unlink (path);
  close (fd);

  return alive;
}

/* Takes the locks; the kernel gives them back however the program ends. */
static gboolean
take_locks (EshiStore  *self,
            GError    **error)
{
  g_autofree char *owners = g_build_filename (self->data, OWNERS_FOLDER, NULL);
  g_autofree char *lock = g_build_filename (self->data, "history.lock", NULL);
  g_autofree char *owner = NULL;
  g_autofree char *shown = g_filename_display_name (self->data);

  g_free (self->owner);
  self->owner = g_uuid_string_random ();
  owner = owner_path (self, self->owner);
  if (g_mkdir_with_parents (owners, 0700) == 0)
    {
      self->lock_fd = lock_file (lock, LOCK_SH);
      self->owner_fd = lock_file (owner, LOCK_EX);
    }
  if (self->lock_fd >= 0 && self->owner_fd >= 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("The history in “%s” cannot be opened; make that folder writable, with some room on its disk, and start "
                 "Eshi again."),
               shown);

  return FALSE;
}

static gboolean
open_once (EshiStore  *self,
           GError    **error)
{
  return take_locks (self, error) &&
         _eshi_store_open_db (self, error) &&
         _eshi_store_back_up_older (self, G_N_ELEMENTS (schemas), error) &&
         _eshi_db_migrate (self->db, schemas, G_N_ELEMENTS (schemas), error) &&
         _eshi_store_settle_dead (self, error) &&
         _eshi_store_plan_adoption (self, error);
}

gboolean
_eshi_store_open (EshiStore  *self,
                  GError    **error)
{
  g_autoptr(GError) local_error = NULL;
  gboolean opened = open_once (self, &local_error);

  /* Damage that nobody looked for, as it was left whole: closing forgets that, so now it is looked for and mended. */
  if (!opened && self->db != NULL && self->db->damaged)
    {
      close_all (self);
      g_clear_error (&local_error);
      opened = open_once (self, &local_error);
    }
  if (opened)
    {
      self->reader = _eshi_reader_new ();
      return TRUE;
    }

  close_all (self);
  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
}

/* Takes a few files in. A file that cannot be taken in stays where it is. */
static gboolean
adopt_some (EshiStore *self)
{
  guint n = MIN (self->to_adopt->len, N_ADOPTED_AT_ONCE);

  if (n == 0 || !_eshi_db_begin (self->db, NULL))
    return FALSE;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean added = FALSE;

      if (_eshi_store_adopt (self, self->to_adopt->pdata[i], i >= self->n_own, &added, &error))
        self->n_adopted++;
      else
        g_message ("Not taken into the history: %s", error->message);
    }
  if (n == self->to_adopt->len && self->to_list->len == 0)
    _eshi_store_end_adoption (self, NULL);
  if (_eshi_db_end (self->db, TRUE, NULL))
    {
      g_ptr_array_remove_range (self->to_adopt, 0, n);
      self->n_own -= MIN (n, self->n_own);
    }

  return TRUE;
}

/* Lists one of the folders whose pictures are to be taken in after all others. One that is gone has none. */
static gboolean
list_one (EshiStore *self)
{
  g_autofree char *folder = NULL;
  g_autoptr(GError) error = NULL;

  if (self->to_list->len == 0)
    return FALSE;

  folder = g_ptr_array_steal_index (self->to_list, 0);
  if (!_eshi_store_list_entries (folder, self->to_adopt, self->to_list, &error))
    g_message ("Not taken into the history: %s", error->message);
  if (self->to_adopt->len + self->to_list->len == 0)
    _eshi_store_end_adoption (self, NULL);

  return TRUE;
}

gboolean
_eshi_store_do_chore (EshiStore *self)
{
  if (self->db == NULL)
    return FALSE;

  return adopt_some (self) || list_one (self) || _eshi_words_read_some (self) || _eshi_store_hash_some (self) ||
         _eshi_store_back_up_some (self);
}

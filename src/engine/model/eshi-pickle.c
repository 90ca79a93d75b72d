/* eshi-pickle.c: the stack machine of pickles, protocols 2 to 5, with every call left out.
 *
 * Codes and meanings are those of Python's pickletools. An instruction without a row in the table below is refused.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-pickle.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_BYTES (64u << 20)
#define MAX_STACK 1000000u
#define MAX_MEMO 4000000u
#define MAX_VALUES 4000000u
#define MAX_DEPTH 200u
#define MAX_TEXT (1u << 20)
#define MAX_LONG 16u
#define MAX_GLOBAL 256u

#define BLOCK_VALUES 256u

struct _EshiPickle
{
  GPtrArray       *blocks; /* of EshiPickleValue[BLOCK_VALUES] */
  guint            n_values;
  GStringChunk    *strings;
  GPtrArray       *persistent; /* of EshiPickleValue */
  EshiPickleValue *root;
  gboolean         has_unknown;
};

typedef struct
{
  EshiPickle    *pickle;
  const guint8  *at;
  const guint8  *end;
  GPtrArray     *stack; /* of EshiPickleValue */
  GArray        *marks; /* heights of the stack, as guint */
  GPtrArray     *memo;  /* (element-type EshiPickleValue) (nullable) */
  const char    *file;
  GError       **error;
} Machine;

/* Runs the instruction @op, whose byte was consumed. FALSE with an error. */
typedef gboolean (*Instruction) (Machine *self,
                                 guint8   op);

/* Modules that run programs, open connections or remove files; and modules of which only some functions do. */
static const char * const evil_modules[] = {
  "commands", "ctypes", "importlib", "nt", "os", "posix", "pty", "runpy", "shutil", "socket", "subprocess", "sys",
};
static const char * const evil_globals[] = {
  "builtins __import__", "builtins compile", "builtins eval", "builtins exec", "builtins open",
  "__builtin__ __import__", "__builtin__ compile", "__builtin__ eval", "__builtin__ exec", "__builtin__ execfile",
  "__builtin__ open",
};

#define PARAMETERS "torch.nn.modules.container ParameterDict"

/* What files of weights name. */
static const char * const known_modules[] = {
  "_codecs", "collections", "numpy", "torch",
};

static gboolean
damaged (Machine *self)
{
  return _eshi_model_file_fail (self->file, self->error, _("its description of the tensors is cut short or spoilt"));
}

static gboolean
too_large (Machine *self)
{
  return _eshi_model_file_fail (self->file, self->error, _("its description of the tensors is too large or too deeply "
                                                           "nested"));
}

static EshiPickleValue *
new_value (Machine        *self,
           EshiPickleType  type)
{
  EshiPickle *pickle = self->pickle;
  EshiPickleValue *value = NULL;

  if (pickle->n_values >= MAX_VALUES)
    {
      too_large (self);
      return NULL;
    }
  if (pickle->n_values % BLOCK_VALUES == 0)
    g_ptr_array_add (pickle->blocks, g_new0 (EshiPickleValue, BLOCK_VALUES));

  value = (EshiPickleValue *) g_ptr_array_index (pickle->blocks, pickle->blocks->len - 1) +
          pickle->n_values % BLOCK_VALUES;
  pickle->n_values++;
  value->type = type;
  return value;
}

/* Pushes @value; NULL, of which the error is set already, gives FALSE. */
static gboolean
push (Machine         *self,
      EshiPickleValue *value)
{
  if (value == NULL)
    return FALSE;
  if (self->stack->len >= MAX_STACK)
    return too_large (self);

  g_ptr_array_add (self->stack, value);
  return TRUE;
}

/* Height of the stack at the innermost mark: what lies below is out of reach. */
static guint
get_floor (Machine *self)
{
  return self->marks->len == 0 ? 0 : g_array_index (self->marks, guint, self->marks->len - 1);
}

/* The value @below the top, NULL with an error if there is none. */
static EshiPickleValue *
peek (Machine *self,
      guint    below)
{
  if (self->stack->len - get_floor (self) <= below)
    {
      damaged (self);
      return NULL;
    }
  return g_ptr_array_index (self->stack, self->stack->len - 1 - below);
}

static EshiPickleValue *
pop (Machine *self)
{
  EshiPickleValue *value = peek (self, 0);

  if (value != NULL)
    g_ptr_array_set_size (self->stack, (gint) self->stack->len - 1);
  return value;
}

/* Takes the innermost mark away; *@first becomes the place of the first value above it. */
static gboolean
pop_mark (Machine *self,
          guint   *first)
{
  if (self->marks->len == 0)
    return damaged (self);

  *first = get_floor (self);
  g_array_set_size (self->marks, self->marks->len - 1);
  return TRUE;
}

static gboolean
add_item (Machine         *self,
          EshiPickleValue *value,
          EshiPickleValue *item)
{
  if (value->items == NULL)
    value->items = g_ptr_array_new ();
  g_ptr_array_add (value->items, item);
  value->depth = MAX (value->depth, item->depth + 1);
  return value->depth <= MAX_DEPTH || too_large (self);
}

/* Moves the values from @first to the top into @value. */
static gboolean
take_items (Machine         *self,
            EshiPickleValue *value,
            guint            first)
{
  for (guint i = first; value != NULL && i < self->stack->len; i++)
    if (!add_item (self, value, g_ptr_array_index (self->stack, i)))
      return FALSE;

  g_ptr_array_set_size (self->stack, (gint) first);
  return value != NULL;
}

/* The next @n bytes, NULL with an error if there are fewer. */
static const guint8 *
read_bytes (Machine *self,
            guint64  n)
{
  const guint8 *bytes = self->at;

  if (n > (guint64) (self->end - self->at))
    {
      damaged (self);
      return NULL;
    }

  self->at += n;
  return bytes;
}

static gboolean
read_number (Machine *self,
             guint    n,
             guint64 *number)
{
  const guint8 *bytes = read_bytes (self, n);

  *number = 0;
  for (guint i = 0; bytes != NULL && i < n; i++)
    *number |= (guint64) bytes[i] << (8 * i);
  return bytes != NULL;
}

static gboolean
op_skip (Machine *self,
         guint8   op)
{
  const guint8 *bytes = read_bytes (self, op == 0x80 ? 1 : 8);

  if (bytes == NULL)
    return FALSE;
  return op != 0x80 || *bytes <= 5 || damaged (self);
}

static gboolean
op_constant (Machine *self,
             guint8   op)
{
  EshiPickleValue *value = new_value (self, op == 'N' ? ESHI_PICKLE_INERT : ESHI_PICKLE_BOOL);

  if (value != NULL)
    value->integer = op == 0x88;
  return push (self, value);
}

static gboolean
op_int (Machine *self,
        guint8   op)
{
  EshiPickleValue *value = NULL;
  guint64 number = 0;

  if (!read_number (self, op == 'J' ? 4 : op == 'K' ? 1
                                                    : 2,
                    &number))
    return FALSE;

  value = new_value (self, ESHI_PICKLE_INT);
  if (value != NULL)
    value->integer = op == 'J' ? (gint64) (gint32) (guint32) number : (gint64) number;
  return push (self, value);
}

/* LONG1 and LONG4: two's complement of any length; what does not fit in 64 bits counts nothing here. */
static gboolean
op_long (Machine *self,
         guint8   op)
{
  EshiPickleValue *value = NULL;
  const guint8 *bytes = NULL;
  guint64 n = 0;
  guint64 number = 0;

  if (!read_number (self, op == 0x8a ? 1 : 4, &n))
    return FALSE;
  if (n > MAX_LONG)
    return too_large (self);
  bytes = read_bytes (self, n);
  if (bytes == NULL)
    return FALSE;

  value = new_value (self, n > 8 ? ESHI_PICKLE_INERT : ESHI_PICKLE_INT);
  if (value == NULL)
    return FALSE;
  if (n > 0 && n <= 8)
    {
      number = (bytes[n - 1] & 0x80) != 0 ? G_MAXUINT64 : 0;
      for (guint i = (guint) n; i-- > 0;)
        number = number << 8 | bytes[i];
    }
  value->integer = (gint64) number;
  return push (self, value);
}

static gboolean
op_float (Machine   *self,
          guint8 op  G_GNUC_UNUSED)
{
  return read_bytes (self, 8) != NULL && push (self, new_value (self, ESHI_PICKLE_INERT));
}

/* Strings and bytes, with a length of one, four or eight bytes. */
static gboolean
op_text (Machine *self,
         guint8   op)
{
  guint width = op == 'U' || op == 'C' || op == 0x8c ? 1 : op == 0x8d || op == 0x8e ? 8 : 4;
  EshiPickleValue *value = NULL;
  const guint8 *bytes = NULL;
  guint64 n = 0;

  if (!read_number (self, width, &n))
    return FALSE;
  bytes = read_bytes (self, n);
  if (bytes == NULL)
    return FALSE;
  if (n > MAX_TEXT)
    return too_large (self);

  value = new_value (self, ESHI_PICKLE_TEXT);
  if (value == NULL)
    return FALSE;
  value->text = (const char *) bytes;
  value->n_text = n;
  return push (self, value);
}

static gboolean
op_empty (Machine *self,
          guint8   op)
{
  return push (self, new_value (self, op == '}' ? ESHI_PICKLE_DICT : op == ']' ? ESHI_PICKLE_LIST
                                                                   : op == ')' ? ESHI_PICKLE_TUPLE
                                                                               : ESHI_PICKLE_SET));
}

static gboolean
op_mark (Machine   *self,
         guint8 op  G_GNUC_UNUSED)
{
  if (self->marks->len >= MAX_DEPTH)
    return too_large (self);

  g_array_append_val (self->marks, self->stack->len);
  return TRUE;
}

/* TUPLE, FROZENSET and TUPLE1 to TUPLE3. */
static gboolean
op_tuple (Machine *self,
          guint8   op)
{
  EshiPickleValue *value = NULL;
  guint first = 0;

  if (op == 't' || op == 0x91)
    {
      if (!pop_mark (self, &first))
        return FALSE;
    }
  else
    {
      if (peek (self, op - 0x85u) == NULL)
        return FALSE;
      first = self->stack->len - (op - 0x84u);
    }

  value = new_value (self, op == 0x91 ? ESHI_PICKLE_SET : ESHI_PICKLE_TUPLE);
  return take_items (self, value, first) && push (self, value);
}

/* SETITEM(S), APPEND(S), ADDITEMS. Objects swallow what is put into them. */
static gboolean
op_fill (Machine *self,
         guint8   op)
{
  gboolean is_dict = op == 's' || op == 'u';
  EshiPickleValue *target = NULL;
  guint first = 0;

  if (op == 's' || op == 'a')
    {
      if (peek (self, is_dict ? 2 : 1) == NULL)
        return FALSE;
      first = self->stack->len - (is_dict ? 2 : 1);
    }
  else if (!pop_mark (self, &first))
    return FALSE;

  if (first <= get_floor (self) || (is_dict && (self->stack->len - first) % 2 != 0))
    return damaged (self);

  target = g_ptr_array_index (self->stack, first - 1);
  if (target->type == ESHI_PICKLE_OBJECT)
    {
      g_ptr_array_set_size (self->stack, (gint) first);
      return TRUE;
    }
  if (target->type != (is_dict ? ESHI_PICKLE_DICT : op == 0x90 ? ESHI_PICKLE_SET
                                                               : ESHI_PICKLE_LIST))
    return damaged (self);
  return take_items (self, target, first);
}

/* POP takes a mark away if that lies on top. */
static gboolean
op_pop (Machine *self,
        guint8   op)
{
  guint first = 0;

  if (op == '0' && self->stack->len > get_floor (self))
    return pop (self) != NULL;
  if (!pop_mark (self, &first))
    return FALSE;

  g_ptr_array_set_size (self->stack, (gint) first);
  return TRUE;
}

/* BINPUT, LONG_BINPUT and MEMOIZE. */
static gboolean
op_put (Machine *self,
        guint8   op)
{
  EshiPickleValue *value = peek (self, 0);
  guint64 index = self->memo->len;

  if (value == NULL || (op != 0x94 && !read_number (self, op == 'q' ? 1 : 4, &index)))
    return FALSE;
  if (index >= MAX_MEMO)
    return too_large (self);

  if (index >= self->memo->len)
    g_ptr_array_set_size (self->memo, (gint) index + 1);
  g_ptr_array_index (self->memo, index) = value;
  return TRUE;
}

static gboolean
op_get (Machine *self,
        guint8   op)
{
  guint64 index = 0;

  if (!read_number (self, op == 'h' ? 1 : 4, &index))
    return FALSE;
  if (index >= self->memo->len || g_ptr_array_index (self->memo, index) == NULL)
    return damaged (self);
  return push (self, g_ptr_array_index (self->memo, index));
}

static gboolean
is_in_module (const char *name,
              const char *module)
{
  gsize n = strlen (module);

  return strncmp (name, module, n) == 0 && (name[n] == ' ' || name[n] == '.');
}

/* Whether the path of attributes @path, "serialization.os.system", leads through @module: modules are attributes of
 * those that import them. */
static gboolean
leads_through (const char *path,
               const char *module)
{
  g_auto(GStrv) parts = g_strsplit (path, ".", -1);
  guint n = g_strv_length (parts);

  for (guint i = 0; i + 1 < n; i++)
    if (strcmp (parts[i], module) == 0)
      return TRUE;
  return FALSE;
}

/* Whether the global @name, "module name", can only have been put there to do harm. */
static gboolean
is_evil (const char *name)
{
  const char *path = strchr (name, ' ');

  for (guint i = 0; i < G_N_ELEMENTS (evil_modules); i++)
    if (is_in_module (name, evil_modules[i]) || (path != NULL && leads_through (path + 1, evil_modules[i])))
      return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (evil_globals); i++)
    if (strcmp (name, evil_globals[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
push_global (Machine    *self,
             const char *name)
{
  EshiPickleValue *value = NULL;
  gboolean is_known = FALSE;

  if (is_evil (name))
    {
      g_set_error (self->error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("“%s” tries to run a program on this computer (%s). Nothing of it was run. Do not use this file, "
                     "and delete it unless you know why it does that."),
                   self->file, name);
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (known_modules); i++)
    is_known = is_known || is_in_module (name, known_modules[i]);
  self->pickle->has_unknown = self->pickle->has_unknown || !is_known;

  value = new_value (self, ESHI_PICKLE_GLOBAL);
  if (value == NULL)
    return FALSE;
  value->text = g_string_chunk_insert_const (self->pickle->strings, name);
  value->n_text = strlen (value->text);
  return push (self, value);
}

/* Pushes the global @name of @module if both are text. */
static gboolean
make_global (Machine    *self,
             const char *module,
             gsize       n_module,
             const char *name,
             gsize       n_name)
{
  g_autofree char *global = NULL;

  if (n_module > MAX_GLOBAL || n_name > MAX_GLOBAL)
    return too_large (self);
  if (!g_utf8_validate (module, (gssize) n_module, NULL) || !g_utf8_validate (name, (gssize) n_name, NULL))
    return damaged (self);

  global = g_strdup_printf ("%.*s %.*s", (int) n_module, module, (int) n_name, name);
  return push_global (self, global);
}

/* GLOBAL: two lines. */
static gboolean
op_global (Machine   *self,
           guint8 op  G_GNUC_UNUSED)
{
  const guint8 *module = self->at;
  const guint8 *line = memchr (module, '\n', (gsize) (self->end - module));
  const guint8 *name = line == NULL ? NULL : line + 1;
  const guint8 *end = line == NULL ? NULL : memchr (name, '\n', (gsize) (self->end - name));

  if (end == NULL)
    return damaged (self);

  self->at = end + 1;
  return make_global (self, (const char *) module, (gsize) (line - module), (const char *) name, (gsize) (end - name));
}

static gboolean
op_stack_global (Machine   *self,
                 guint8 op  G_GNUC_UNUSED)
{
  const EshiPickleValue *name = pop (self);
  const EshiPickleValue *module = name == NULL ? NULL : pop (self);

  if (module == NULL)
    return FALSE;
  if (name->type != ESHI_PICKLE_TEXT || module->type != ESHI_PICKLE_TEXT)
    return damaged (self);
  return make_global (self, module->text, module->n_text, name->text, name->n_text);
}

static gboolean
op_persistent (Machine   *self,
               guint8 op  G_GNUC_UNUSED)
{
  EshiPickleValue *id = pop (self);
  EshiPickleValue *value = id == NULL ? NULL : new_value (self, ESHI_PICKLE_PERSISTENT);

  if (value == NULL)
    return FALSE;
  g_ptr_array_add (self->pickle->persistent, value);
  return add_item (self, value, id) && push (self, value);
}

/* REDUCE, NEWOBJ and NEWOBJ_EX: what would be called in Python is written down here. */
static gboolean
op_call (Machine *self,
         guint8   op)
{
  EshiPickleValue *keywords = op == 0x92 ? pop (self) : NULL;
  EshiPickleValue *arguments = op == 0x92 && keywords == NULL ? NULL : pop (self);
  EshiPickleValue *callee = arguments == NULL ? NULL : pop (self);
  EshiPickleValue *value = NULL;

  if (callee == NULL)
    return FALSE;
  if (arguments->type != ESHI_PICKLE_TUPLE ||
      (callee->type != ESHI_PICKLE_GLOBAL && callee->type != ESHI_PICKLE_OBJECT))
    return damaged (self);

  if (callee->type == ESHI_PICKLE_GLOBAL && eshi_pickle_value_is (callee, "collections OrderedDict") &&
      arguments->items == NULL)
    return push (self, new_value (self, ESHI_PICKLE_DICT));

  value = new_value (self, ESHI_PICKLE_OBJECT);
  return value != NULL && add_item (self, value, callee) && add_item (self, value, arguments) && push (self, value);
}

/* BUILD sets attributes, of which none is a weight, but for dicts of parameters: these keep them. */
static gboolean
op_build (Machine   *self,
          guint8 op  G_GNUC_UNUSED)
{
  EshiPickleValue *state = pop (self);
  EshiPickleValue *target = state == NULL ? NULL : peek (self, 0);

  if (target == NULL)
    return FALSE;
  if (target->type == ESHI_PICKLE_OBJECT && eshi_pickle_value_get_n (target) == 2 &&
      eshi_pickle_value_is (eshi_pickle_value_get (target, 0, ESHI_PICKLE_GLOBAL), PARAMETERS))
    return add_item (self, target, state);
  return TRUE;
}

static const Instruction instructions[256] = {
  [0x80] = op_skip, [0x95] = op_skip,
  ['N'] = op_constant, [0x88] = op_constant, [0x89] = op_constant,
  ['J'] = op_int, ['K'] = op_int, ['M'] = op_int,
  [0x8a] = op_long, [0x8b] = op_long,
  ['G'] = op_float,
  ['X'] = op_text, ['T'] = op_text, ['U'] = op_text, ['B'] = op_text, ['C'] = op_text,
  [0x8c] = op_text, [0x8d] = op_text, [0x8e] = op_text,
  ['}'] = op_empty, [']'] = op_empty, [')'] = op_empty, [0x8f] = op_empty,
  ['('] = op_mark,
  ['t'] = op_tuple, [0x85] = op_tuple, [0x86] = op_tuple, [0x87] = op_tuple, [0x91] = op_tuple,
  ['s'] = op_fill, ['u'] = op_fill, ['a'] = op_fill, ['e'] = op_fill, [0x90] = op_fill,
  ['0'] = op_pop, ['1'] = op_pop,
  ['q'] = op_put, ['r'] = op_put, [0x94] = op_put,
  ['h'] = op_get, ['j'] = op_get,
  ['c'] = op_global, [0x93] = op_stack_global,
  ['Q'] = op_persistent,
  ['R'] = op_call, [0x81] = op_call, [0x92] = op_call,
  ['b'] = op_build,
};

static gboolean
run (Machine *self)
{
  while (self->at < self->end)
    {
      guint8 op = *self->at++;

      if (op == '.')
        {
          self->pickle->root = pop (self);
          return self->pickle->root != NULL;
        }
      if (instructions[op] == NULL)
        return _eshi_model_file_fail (self->file, self->error,
                                      _("its description of the tensors holds the instruction 0x%02x, which PyTorch "
                                        "does not write"),
                                      op);
      if (!instructions[op](self, op))
        return FALSE;
    }

  return damaged (self);
}

static EshiPickle *
pickle_new (void)
{
  EshiPickle *self = g_new0 (EshiPickle, 1);

  self->blocks = g_ptr_array_new ();
  self->strings = g_string_chunk_new (1024);
  self->persistent = g_ptr_array_new ();
  return self;
}

EshiPickle *
eshi_pickle_parse (const guint8  *data,
                   gsize          size,
                   const char    *file,
                   gsize         *used,
                   GError       **error)
{
  g_autoptr(EshiPickle) pickle = pickle_new ();
  g_autoptr(GPtrArray) stack = g_ptr_array_new ();
  g_autoptr(GPtrArray) memo = g_ptr_array_new ();
  g_autoptr(GArray) marks = g_array_new (FALSE, FALSE, sizeof (guint));
  Machine machine = { pickle, data, data + MIN (size, MAX_BYTES), stack, marks, memo, file, error };

  if (!run (&machine))
    return NULL;
  if (used == NULL && machine.at != data + size)
    {
      damaged (&machine);
      return NULL;
    }

  if (used != NULL)
    *used = (gsize) (machine.at - data);
  return g_steal_pointer (&pickle);
}

void
eshi_pickle_free (EshiPickle *self)
{
  if (self == NULL)
    return;

  for (guint i = 0; i < self->n_values; i++)
    {
      EshiPickleValue *block = g_ptr_array_index (self->blocks, i / BLOCK_VALUES);

      g_clear_pointer (&block[i % BLOCK_VALUES].items, g_ptr_array_unref);
    }
  for (guint i = 0; i < self->blocks->len; i++)
    g_free (g_ptr_array_index (self->blocks, i));
  g_ptr_array_unref (self->blocks);
  g_ptr_array_unref (self->persistent);
  g_string_chunk_free (self->strings);
  g_free (self);
}

const EshiPickleValue *
eshi_pickle_get_root (EshiPickle *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->root;
}

const GPtrArray *
eshi_pickle_get_persistent (EshiPickle *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->persistent;
}

gboolean
eshi_pickle_has_unknown (EshiPickle *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->has_unknown;
}

guint
eshi_pickle_value_get_n (const EshiPickleValue *value)
{
  return value == NULL || value->items == NULL ? 0 : value->items->len;
}

const EshiPickleValue *
eshi_pickle_value_get (const EshiPickleValue *value,
                       guint                  index,
                       EshiPickleType         type)
{
  const EshiPickleValue *item = index < eshi_pickle_value_get_n (value) ? g_ptr_array_index (value->items, index) : NULL;

  return item != NULL && item->type == type ? item : NULL;
}

gboolean
eshi_pickle_value_is (const EshiPickleValue *value,
                      const char            *text)
{
  return value != NULL && value->text != NULL && value->n_text == strlen (text) &&
         memcmp (value->text, text, value->n_text) == 0;
}

const EshiPickleValue *
eshi_pickle_dict_lookup (const EshiPickleValue *value,
                         const char            *key)
{
  for (guint i = eshi_pickle_value_get_n (value); i >= 2; i -= 2)
    {
      const EshiPickleValue *item = g_ptr_array_index (value->items, i - 2);

      if (item->type == ESHI_PICKLE_TEXT && eshi_pickle_value_is (item, key))
        return g_ptr_array_index (value->items, i - 1);
    }

  return NULL;
}

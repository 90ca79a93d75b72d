/* sentencepiece-shim.cc: see sentencepiece-shim.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "sentencepiece-shim.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <sentencepiece_processor.h>

struct SpShim
{
  sentencepiece::SentencePieceProcessor processor;
  std::vector<int> ids;
};

SpShim *
sp_shim_new (const char *path)
{
  std::unique_ptr<SpShim> self (new SpShim);

  if (!self->processor.Load (path).ok ())
    return nullptr;
  return self.release ();
}

void
sp_shim_free (SpShim *self)
{
  delete self;
}

size_t
sp_shim_encode (SpShim         *self,
                const char     *text,
                size_t          length,
                const int32_t **ids)
{
  static_assert (sizeof (int) == sizeof (int32_t), "ids are handed out as they are");

  if (!self->processor.Encode (std::string (text, length), &self->ids).ok ())
    self->ids.clear ();
  *ids = self->ids.data ();
  return self->ids.size ();
}

int
sp_shim_n_pieces (const SpShim *self)
{
  return self->processor.GetPieceSize ();
}

void
sp_shim_piece (const SpShim *self,
               int           id,
               char         *text,
               size_t        size)
{
  std::snprintf (text, size, "%s", self->processor.IdToPiece (id).c_str ());
}

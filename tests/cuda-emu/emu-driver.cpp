/* emu-driver.cpp: in place of libcuda.so.1: memory, one kind of stream, kernels by name, recordings, failures on demand.
 *
 * A stream is lazy: nothing is done before somebody waits for it or reads what it makes, so that what a launch names must
 * last until then. Each allocation is its own, so that AddressSanitizer guards its ends, and begins as NaN.
 *
 * What a stream records does not run, and allocating, freeing, loading, waiting or copying from or to the host's memory
 * ends the recording with an error, as with the driver. Work for another stream does so too, which the driver would let
 * pass: it would be done once, and no replay would do it again.
 *
 * SPDX-License-Identifier: MIT
 */

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "emu-control.h"
#include "emu-grid.h"
#include "emu-kernels.h"

namespace
{

/* Device addresses are the memory's own and this. */
constexpr uintptr_t OFFSET = uintptr_t (1) << 60;

constexpr size_t MEMORY_BYTES = size_t (8) << 30;
constexpr size_t MAX_SHARED = 48 << 10;

enum
{
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_CONTEXT = 201,
  NOT_FOUND = 500,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
};

using Work = std::function<void ()>;

struct Graph
{
  std::vector<Work> work;
};

struct Stream
{
  std::deque<Work> work;
  Graph           *recording = nullptr;
  bool             invalid = false; /* something was called that may not be while it records */
};

struct Event
{
  Stream *stream = nullptr;
  bool    passed = true;
};

struct Function
{
  std::string name;
};

struct Driver
{
  std::map<uintptr_t, size_t> memory; /* real address → bytes */
  std::map<uintptr_t, size_t> pinned; /* of the host */
  std::vector<Stream *>       streams;
  int                         n_events = 0;
  int                         n_modules = 0, n_graphs = 0;
  size_t                      bytes = MEMORY_BYTES, used = 0, peak = 0;
  EmuCounts                   counts = {};
  bool                        has_context = false;

  int n_devices = 1, major = 8, minor = 6, version = 13000;

  int n_calls = 0, failing_call = 0, failure = 0;
  bool sticky = false, until_released = false;
  bool refuses_recording = false;
};

Driver driver;

void
do_next (Stream *stream)
{
  Work work = std::move (stream->work.front ());

  stream->work.pop_front ();
  work ();
}

void
drain (Stream *stream)
{
  while (!stream->work.empty ())
    do_next (stream);
}

/* Whether a stream records; what may not be called meanwhile spoils the recording. */
bool
spoils_recording ()
{
  bool any = false;

  for (Stream *stream : driver.streams)
    if (stream->recording != nullptr)
      any = stream->invalid = true;
  return any;
}

void
enqueue (void *to,
         Work  work)
{
  Stream *stream = static_cast<Stream *> (to);

  if (stream->recording == nullptr)
    {
      spoils_recording ();
      stream->work.push_back (std::move (work));
      return;
    }
  driver.counts.n_recorded++;
  stream->recording->work.push_back (std::move (work));
}

/* Bytes from real address @address to the end of the allocation around it; 0 if there is none. */
size_t
room_at (uintptr_t address)
{
  auto next = driver.memory.upper_bound (address);

  if (next == driver.memory.begin ())
    return 0;
  --next;
  return address < next->first + next->second ? next->first + next->second - address : 0;
}

bool
is_device (unsigned long long address,
           size_t             bytes)
{
  return room_at (address - OFFSET) >= bytes;
}

bool
is_pinned (const void *memory,
           size_t      bytes)
{
  uintptr_t address = reinterpret_cast<uintptr_t> (memory);
  auto next = driver.pinned.upper_bound (address);

  if (next == driver.pinned.begin ())
    return false;
  --next;
  return address + bytes <= next->first + next->second;
}

} /* namespace */

namespace emu
{

std::map<std::string, Binder> &
kernels ()
{
  static std::map<std::string, Binder> all;

  return all;
}

void *
from_device (const void *address)
{
  uintptr_t real = reinterpret_cast<uintptr_t> (address) - OFFSET;

  if (address == nullptr)
    return nullptr;
  if (room_at (real) == 0)
    fail ("%p, an argument, is no address of the device", address);
  return reinterpret_cast<void *> (real);
}

} /* namespace emu */

extern "C" {

/* --- for tests --- */

void
emu_fail_call (int n,
               int result,
               int sticky)
{
  driver.n_calls = 0;
  driver.failing_call = n;
  driver.failure = result;
  driver.sticky = sticky != 0;
  driver.until_released = sticky == EMU_UNTIL_RELEASED;
}

int
emu_count_calls (void)
{
  return driver.n_calls;
}

int
emu_count_alive (void)
{
  return (int) (driver.memory.size () + driver.pinned.size () + driver.streams.size ()) + driver.n_modules + driver.n_graphs +
         driver.n_events;
}

int
emu_count_launches (void)
{
  return driver.counts.n_launches;
}

void
emu_get_counts (EmuCounts *counts)
{
  *counts = driver.counts;
  for (const Stream *stream : driver.streams)
    counts->n_waiting += (int) stream->work.size ();
}

void
emu_set_memory (size_t bytes)
{
  driver.bytes = bytes;
  driver.peak = driver.used;
}

size_t
emu_get_peak (void)
{
  return driver.peak;
}

void
emu_refuse_recording (int refuse)
{
  driver.refuses_recording = refuse != 0;
}

void
emu_set_device (int n_devices,
                int major,
                int minor,
                int version)
{
  driver.n_devices = n_devices;
  driver.major = major;
  driver.minor = minor;
  driver.version = version;
}

int
emu_next_call (void)
{
  driver.n_calls++;
  if (driver.failing_call == 0)
    return SUCCESS;
  if (driver.n_calls == driver.failing_call || (driver.sticky && driver.n_calls > driver.failing_call))
    return driver.failure;
  return SUCCESS;
}

void
emu_enqueue (void    *stream,
             void   (*work) (void *data),
             void    *data,
             size_t   data_bytes)
{
  std::shared_ptr<void> copy (std::malloc (data_bytes), std::free);

  std::memcpy (copy.get (), data, data_bytes);
  enqueue (stream, [work, copy] () { work (copy.get ()); });
}

void *
emu_memory (unsigned long long address,
            size_t             bytes)
{
  if (!is_device (address, bytes))
    emu::fail ("%zu bytes at %#llx are not the device's", bytes, address);
  return reinterpret_cast<void *> (address - OFFSET);
}

/* --- the driver --- */

#define BEGIN_CALL                     \
  {                                    \
    int failure = emu_next_call ();    \
                                       \
    if (failure != SUCCESS)            \
      return failure;                  \
  }

#define BEGIN_UNRECORDED_CALL        \
  BEGIN_CALL                         \
  if (spoils_recording ())           \
    return CAPTURE_UNSUPPORTED;

int
cuInit (unsigned)
{
  BEGIN_CALL
  return driver.n_devices > 0 ? SUCCESS : NO_DEVICE;
}

int
cuDriverGetVersion (int *version)
{
  *version = driver.version;
  return SUCCESS;
}

int
cuGetErrorString (int          result,
                  const char **text)
{
  *text = result == OUT_OF_MEMORY ? "out of memory" : "emulated error";
  return SUCCESS;
}

int
cuDeviceGetCount (int *count)
{
  *count = driver.n_devices;
  return SUCCESS;
}

int
cuDeviceGet (int *device,
             int  index)
{
  *device = index;
  return index < driver.n_devices ? SUCCESS : INVALID_VALUE;
}

int
cuDeviceGetName (char *name,
                 int   size,
                 int)
{
  std::strncpy (name, "Emulated GPU", (size_t) size - 1);
  name[size - 1] = '\0';
  return SUCCESS;
}

int
cuDeviceGetAttribute (int *value,
                      int  attribute,
                      int)
{
  *value = attribute == 75 ? driver.major : attribute == 76 ? driver.minor : 0;
  return SUCCESS;
}

int
cuDeviceTotalMem_v2 (size_t *bytes,
                     int)
{
  *bytes = driver.bytes;
  return SUCCESS;
}

int
cuDevicePrimaryCtxRetain (void **context,
                          int)
{
  BEGIN_CALL
  *context = &driver;
  return SUCCESS;
}

int
cuDevicePrimaryCtxRelease_v2 (int)
{
  driver.has_context = false;
  if (driver.until_released && driver.n_calls >= driver.failing_call)
    driver.sticky = false;
  return SUCCESS;
}

int
cuCtxSetCurrent (void *context)
{
  BEGIN_CALL
  driver.has_context = context != nullptr;
  return SUCCESS;
}

int
cuMemAlloc_v2 (unsigned long long *address,
               size_t              bytes)
{
  void *memory = nullptr;

  BEGIN_UNRECORDED_CALL
  if (!driver.has_context)
    return INVALID_CONTEXT;
  if (driver.used + bytes > driver.bytes || posix_memalign (&memory, 256, bytes) != 0)
    return OUT_OF_MEMORY;
  std::memset (memory, 0xff, bytes);
  driver.memory[reinterpret_cast<uintptr_t> (memory)] = bytes;
  driver.used += bytes;
  driver.peak = std::max (driver.peak, driver.used);
  driver.counts.n_allocations++;
  *address = reinterpret_cast<uintptr_t> (memory) + OFFSET;
  return SUCCESS;
}

/* Waits for what was asked for before, as the driver does. */
int
cuMemFree_v2 (unsigned long long address)
{
  auto found = driver.memory.find (address - OFFSET);

  if (found == driver.memory.end ())
    emu::fail ("%#llx is freed, but was not allocated", address);
  if (spoils_recording ())
    return CAPTURE_UNSUPPORTED;
  for (Stream *stream : driver.streams)
    drain (stream);
  driver.used -= found->second;
  std::free (reinterpret_cast<void *> (found->first));
  driver.memory.erase (found);
  return SUCCESS;
}

int
cuMemHostAlloc (void   **memory,
                size_t   bytes,
                unsigned)
{
  BEGIN_UNRECORDED_CALL
  *memory = std::malloc (bytes);
  driver.pinned[reinterpret_cast<uintptr_t> (*memory)] = bytes;
  return SUCCESS;
}

/* Whoever frees it has seen to it that nobody reads it any more. */
int
cuMemFreeHost (void *memory)
{
  if (driver.pinned.erase (reinterpret_cast<uintptr_t> (memory)) == 0)
    emu::fail ("%p is freed, but was not allocated", memory);
  std::free (memory);
  return SUCCESS;
}

/* Memory of the host that is not pinned has been read when the call returns; what is pinned is read when its turn comes. */
int
cuMemcpyHtoDAsync_v2 (unsigned long long  dst,
                      const void         *src,
                      size_t              bytes,
                      void               *stream)
{
  BEGIN_UNRECORDED_CALL
  if (!is_device (dst, bytes))
    return INVALID_VALUE;
  if (is_pinned (src, bytes))
    {
      driver.counts.bytes_up += bytes;
      enqueue (stream, [=] () { std::memcpy (emu_memory (dst, bytes), src, bytes); });
      return SUCCESS;
    }

  std::shared_ptr<void> staged (std::malloc (bytes), std::free);

  driver.counts.bytes_up += bytes;
  std::memcpy (staged.get (), src, bytes);
  enqueue (stream, [=] () { std::memcpy (emu_memory (dst, bytes), staged.get (), bytes); });
  return SUCCESS;
}

/* Into memory that is not pinned, the copy has been made when the call returns. */
int
cuMemcpyDtoHAsync_v2 (void               *dst,
                      unsigned long long  src,
                      size_t              bytes,
                      void               *stream)
{
  BEGIN_UNRECORDED_CALL
  if (!is_device (src, bytes))
    return INVALID_VALUE;
  driver.counts.bytes_down += bytes;
  drain (static_cast<Stream *> (stream));
  std::memcpy (dst, emu_memory (src, bytes), bytes);
  return SUCCESS;
}

int
cuMemcpyDtoDAsync_v2 (unsigned long long  dst,
                      unsigned long long  src,
                      size_t              bytes,
                      void               *stream)
{
  BEGIN_CALL
  if (!is_device (dst, bytes) || !is_device (src, bytes))
    return INVALID_VALUE;
  enqueue (stream, [=] () { std::memmove (emu_memory (dst, bytes), emu_memory (src, bytes), bytes); });
  return SUCCESS;
}

int
cuMemsetD8Async (unsigned long long  dst,
                 unsigned char       byte,
                 size_t              bytes,
                 void               *stream)
{
  BEGIN_CALL
  if (!is_device (dst, bytes))
    return INVALID_VALUE;
  enqueue (stream, [=] () { std::memset (emu_memory (dst, bytes), byte, bytes); });
  return SUCCESS;
}

int
cuCtxGetStreamPriorityRange (int *least,
                             int *greatest)
{
  BEGIN_CALL
  *least = 0;
  *greatest = -5;
  return SUCCESS;
}

int
cuStreamCreateWithPriority (void **stream,
                            unsigned,
                            int)
{
  BEGIN_CALL
  driver.streams.push_back (new Stream);
  *stream = driver.streams.back ();
  return SUCCESS;
}

int
cuStreamDestroy_v2 (void *stream)
{
  for (size_t i = 0; i < driver.streams.size (); i++)
    if (driver.streams[i] == stream)
      driver.streams.erase (driver.streams.begin () + (std::ptrdiff_t) i--);
  delete static_cast<Stream *> (stream);
  return SUCCESS;
}

int
cuStreamSynchronize (void *stream)
{
  BEGIN_UNRECORDED_CALL
  driver.counts.n_synchronizations++;
  drain (static_cast<Stream *> (stream));
  return SUCCESS;
}

int
cuEventCreate (void     **event,
               unsigned)
{
  BEGIN_CALL
  *event = new Event;
  driver.n_events++;
  return SUCCESS;
}

int
cuEventDestroy_v2 (void *event)
{
  delete static_cast<Event *> (event);
  driver.n_events--;
  return SUCCESS;
}

int
cuEventRecord (void *to,
               void *stream)
{
  Event *event = static_cast<Event *> (to);

  BEGIN_UNRECORDED_CALL
  event->stream = static_cast<Stream *> (stream);
  event->passed = false;
  enqueue (stream, [event] () { event->passed = true; });
  return SUCCESS;
}

/* Does no more than what comes before it. */
int
cuEventSynchronize (void *of)
{
  Event *event = static_cast<Event *> (of);

  BEGIN_UNRECORDED_CALL
  while (!event->passed)
    do_next (event->stream);
  return SUCCESS;
}

/* One module holds all kernels, whatever the image. */
int
cuModuleLoadData (void       **module,
                  const void  *)
{
  BEGIN_UNRECORDED_CALL
  *module = &emu::kernels ();
  driver.n_modules++;
  return SUCCESS;
}

int
cuModuleUnload (void *)
{
  driver.n_modules--;
  return SUCCESS;
}

int
cuModuleGetFunction (void       **function,
                     void        *,
                     const char  *name)
{
  static std::map<std::string, Function> functions;

  BEGIN_CALL
  if (emu::kernels ().count (name) == 0)
    return NOT_FOUND;
  functions[name].name = name;
  *function = &functions[name];
  return SUCCESS;
}

int
cuLaunchKernel (void      *function,
                unsigned   grid_x,
                unsigned   grid_y,
                unsigned   grid_z,
                unsigned   block_x,
                unsigned   block_y,
                unsigned   block_z,
                unsigned   shared_bytes,
                void      *stream,
                void     **params,
                void     **)
{
  const Function *kernel = static_cast<Function *> (function);

  BEGIN_CALL
  if (grid_x == 0 || grid_y == 0 || grid_z == 0 || grid_x > 0x7fffffff || grid_y > 65535 || grid_z > 65535 ||
      block_x * block_y * block_z > 1024 || shared_bytes > MAX_SHARED)
    return INVALID_VALUE;

  emu::Index grid = { grid_x, grid_y, grid_z };
  emu::Index block = { block_x, block_y, block_z };
  std::function<void ()> body = emu::kernels ()[kernel->name](params);
  std::string name = kernel->name;

  if (static_cast<Stream *> (stream)->recording == nullptr)
    driver.counts.n_launches++;
  enqueue (stream, [=] () { emu::run_grid (name.c_str (), grid, block, shared_bytes, body); });
  return SUCCESS;
}

/* --- recordings --- */

int
cuStreamBeginCapture_v2 (void *to,
                         int)
{
  Stream *stream = static_cast<Stream *> (to);

  BEGIN_CALL
  if (stream->recording != nullptr || driver.refuses_recording)
    return CAPTURE_UNSUPPORTED;
  stream->recording = new Graph;
  stream->invalid = false;
  driver.n_graphs++;
  return SUCCESS;
}

/* Ends it also when it fails. */
int
cuStreamEndCapture (void  *to,
                    void **graph)
{
  Stream *stream = static_cast<Stream *> (to);
  Graph *recording = stream->recording;

  *graph = nullptr;
  if (recording == nullptr)
    return INVALID_VALUE;
  stream->recording = nullptr;

  int failure = emu_next_call ();

  if (failure == SUCCESS && !stream->invalid)
    {
      *graph = recording;
      return SUCCESS;
    }
  delete recording;
  driver.n_graphs--;
  return failure != SUCCESS ? failure : CAPTURE_INVALIDATED;
}

int
cuGraphInstantiateWithFlags (void               **exec,
                             void                *graph,
                             unsigned long long)
{
  BEGIN_UNRECORDED_CALL
  *exec = new Graph (*static_cast<Graph *> (graph));
  driver.n_graphs++;
  return SUCCESS;
}

int
cuGraphLaunch (void *exec,
               void *stream)
{
  BEGIN_CALL
  for (const Work &work : static_cast<Graph *> (exec)->work)
    enqueue (stream, work);
  driver.counts.n_replays++;
  return SUCCESS;
}

int
cuGraphDestroy (void *graph)
{
  delete static_cast<Graph *> (graph);
  driver.n_graphs--;
  return SUCCESS;
}

/* What was asked of it before is still done. */
int
cuGraphExecDestroy (void *exec)
{
  return cuGraphDestroy (exec);
}

} /* extern "C" */

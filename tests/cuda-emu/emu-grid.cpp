/* emu-grid.cpp: see emu-grid.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "emu-grid.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <random>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

#if defined (__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined (ESHI_EMU_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace emu
{

namespace
{

constexpr size_t STACK_BYTES = 256 << 10;
constexpr unsigned MAX_THREADS = 1024;

/* A stack, and where on it to go on. */
struct Fiber
{
  void       *stack_pointer = nullptr;
  void       *stack = nullptr;
  const void *low = nullptr; /* for the sanitizer: the stack's lowest address, and its size */
  size_t      size = 0;
  void       *tsan = nullptr; /* what ThreadSanitizer takes for a thread */
};

/* Two places for what is met at, taken in turn: who is late must not see what others wrote after they met. */
struct Turns
{
  char  places[2];
  int   turn = 0;

  void *now () { return &places[turn]; }
};

enum State
{
  READY,
  AT_BARRIER,
  IN_WARP,
  ENDED,
};

struct Thread
{
  Index    index;
  unsigned number;
  unsigned rank; /* its place in the order of this block */
  State    state;
  int      line; /* where it waits */
  void    *met;  /* the place of what it waits for */
  Fiber   *fiber;
};

/* What lanes of a warp are doing together. */
struct Meeting
{
  WarpWork work = nullptr;
  unsigned mask = 0;
  unsigned arrived = 0;
  int      line = 0;
  void    *brought[32] = {};
};

using Queue = std::priority_queue<unsigned, std::vector<unsigned>, std::greater<unsigned>>;

struct Grid
{
  const char                  *name = "(none)";
  const std::function<void ()> *body = nullptr;
  Index                        block_index, block_size, grid_size;
  void                        *shared = nullptr;
  std::vector<Thread>          threads;
  std::vector<Meeting>         meetings; /* of each warp */
  std::vector<Turns>           warp_turns;
  Turns                        barrier_turns;
  std::vector<unsigned>        by_rank;
  Queue                        ready; /* ranks */
  unsigned                     n_alive = 0;
  unsigned                     n_at_barrier = 0;
  Thread                      *current = nullptr;
};

Grid g;
Fiber scheduler;
std::vector<Fiber *> &idle = *new std::vector<Fiber *>; /* for good: stacks are not given back */
std::vector<Fiber *> spent; /* by this block; two threads of a block on one stack would be one to ThreadSanitizer */
std::mt19937 dice;

/* --- races --- */

/* For ThreadSanitizer every CUDA thread is a thread of its own, and a switch orders nothing: what orders them is what
 * would on a device. This file is not instrumented itself, or its own tables would look like races. */
#if defined (ESHI_EMU_TSAN)

constexpr bool tells_tsan = true;

void
publish (void *place)
{
  __tsan_release (place);
}

void
see (void *place)
{
  __tsan_acquire (place);
}

void
create_tsan (Fiber *fiber)
{
  fiber->tsan = __tsan_create_fiber (0);
}

void
find_tsan (Fiber *fiber)
{
  fiber->tsan = __tsan_get_current_fiber ();
}

void
switch_tsan (Fiber *to)
{
  __tsan_switch_to_fiber (to->tsan, __tsan_switch_to_fiber_no_sync);
}

#else

constexpr bool tells_tsan = false;

void publish (void *) {}
void see (void *) {}
void create_tsan (Fiber *) {}
void find_tsan (Fiber *) {}
[[maybe_unused]] void switch_tsan (Fiber *) {} /* AddressSanitizer has a switch of its own */

#endif

/* What was written before a block begins is seen by all its threads, and what they wrote by what comes after the block.
 * So blocks are in order here, and a race between two of them is not seen. */
char begun, ended;

/* --- stacks --- */

#if defined (__x86_64__)

/* Saves what a function must keep and the place on the stack in @save, and goes on where @load was saved. */
extern "C" void emu_switch (void **save, void *load);

asm (".text\n"
     ".globl emu_switch\n"
     ".hidden emu_switch\n"
     ".type emu_switch, @function\n"
     "emu_switch:\n"
     "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
     "  movq %rsp, (%rdi)\n"
     "  movq %rsi, %rsp\n"
     "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
     "  ret\n"
     ".size emu_switch, . - emu_switch\n");

void
prepare_stack (Fiber *fiber,
               void (*start) ())
{
  void **top = reinterpret_cast<void **> (static_cast<char *> (fiber->stack) + STACK_BYTES);

  /* A return address that nothing returns to, at 8 past a multiple of 16 as at every function's entry; start's address;
   * and six registers. */
  top[-3] = nullptr;
  top[-4] = reinterpret_cast<void *> (start);
  for (int i = 5; i <= 10; i++)
    top[-i] = nullptr;
  fiber->stack_pointer = top - 10;
}

void
jump (Fiber *from,
      Fiber *to)
{
  emu_switch (&from->stack_pointer, to->stack_pointer);
}

#else

void
prepare_stack (Fiber *fiber,
               void (*start) ())
{
  ucontext_t *context = new ucontext_t;

  getcontext (context);
  context->uc_stack.ss_sp = fiber->stack;
  context->uc_stack.ss_size = STACK_BYTES;
  makecontext (context, start, 0);
  fiber->stack_pointer = context;
}

void
jump (Fiber *from,
      Fiber *to)
{
  if (from->stack_pointer == nullptr)
    from->stack_pointer = new ucontext_t;
  swapcontext (static_cast<ucontext_t *> (from->stack_pointer), static_cast<ucontext_t *> (to->stack_pointer));
}

#endif

void
switch_to (Fiber *from,
           Fiber *to)
{
#if defined (__SANITIZE_ADDRESS__)
  void *fake = nullptr;

  __sanitizer_start_switch_fiber (&fake, to->low, to->size);
  jump (from, to);
  __sanitizer_finish_switch_fiber (fake, nullptr, nullptr);
#else
  switch_tsan (to);
  jump (from, to);
#endif
}

void
wake (Thread *thread)
{
  thread->state = READY;
  g.ready.push (thread->rank);
}

void
release_barrier ()
{
  for (Thread &thread : g.threads)
    if (thread.state == AT_BARRIER)
      wake (&thread);
  g.n_at_barrier = 0;
  g.barrier_turns.turn ^= 1;
}

void
end_thread ()
{
  Meeting &meeting = g.meetings[g.current->number / 32];

  if (meeting.arrived != 0 && (meeting.mask >> (g.current->number % 32) & 1) != 0)
    fail ("line %d: thread %u ended, but its warp waits for it", meeting.line, g.current->number);
  g.current->state = ENDED;
  publish (&ended);
  g.n_alive--;
  if (g.n_at_barrier > 0 && g.n_at_barrier == g.n_alive)
    release_barrier ();
}

/* Room for @n ranks: what allocated in one thread and freed in another would look like a race. */
Queue
make_queue (unsigned n)
{
  std::vector<unsigned> room;

  room.reserve (n);
  return Queue (std::greater<unsigned> (), std::move (room));
}

/* What every stack runs: one thread after the other. */
void
run_threads ()
{
#if defined (__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber (nullptr, &scheduler.low, &scheduler.size);
#endif
  for (;;)
    {
      Fiber *own = g.current->fiber;

      see (&begun);
      (*g.body) ();
      end_thread ();
      switch_to (own, &scheduler);
    }
}

Fiber *
take_fiber ()
{
  Fiber *fiber = nullptr;

  if (!idle.empty ())
    {
      fiber = idle.back ();
      idle.pop_back ();
      return fiber;
    }
  fiber = new Fiber;
  fiber->stack = mmap (nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (fiber->stack == MAP_FAILED)
    fail ("no memory for another stack");
  fiber->low = fiber->stack;
  fiber->size = STACK_BYTES;
  create_tsan (fiber);
  prepare_stack (fiber, run_threads);
  return fiber;
}

/* What the thread that runs wrote until now is for those that it meets. */
void
meet (Turns &turns)
{
  g.current->met = turns.now ();
  publish (g.current->met);
}

/* The thread that runs has said what it waits for. */
void
wait_for_others ()
{
  switch_to (g.current->fiber, &scheduler);
  see (g.current->met);
}

/* --- order --- */

enum Order
{
  ASCENDING,
  DESCENDING,
  RANDOM,
};

Order
get_order ()
{
  const char *text = std::getenv ("EMU_ORDER");

  if (text == nullptr || std::strcmp (text, "asc") == 0)
    return ASCENDING;
  return std::strcmp (text, "desc") == 0 ? DESCENDING : RANDOM;
}

/* 0 to @n - 1 as EMU_ORDER wants them. */
std::vector<unsigned>
put_in_order (unsigned n)
{
  std::vector<unsigned> order (n);

  for (unsigned i = 0; i < n; i++)
    order[i] = get_order () == DESCENDING ? n - 1 - i : i;
  if (get_order () == RANDOM)
    std::shuffle (order.begin (), order.end (), dice);
  return order;
}

/* --- blocks --- */

Index
unfold (unsigned number,
        Index    size)
{
  return { number % size.x, number / size.x % size.y, number / size.x / size.y };
}

/* Threads that wait for ever are a mistake of the kernel's. */
void
report_stuck ()
{
  for (const Thread &thread : g.threads)
    if (thread.state != ENDED)
      fail ("deadlock: thread %u waits for ever at line %d", thread.number, thread.line);
}

void
run_block (unsigned number,
           size_t   shared_bytes)
{
  unsigned n = (unsigned) g.threads.size ();

  g.block_index = unfold (number, g.grid_size);
  g.shared = std::aligned_alloc (16, (shared_bytes + 31) / 16 * 16);
  std::memset (g.shared, 0xff, (shared_bytes + 31) / 16 * 16);
#if defined (__SANITIZE_ADDRESS__)
  ASAN_POISON_MEMORY_REGION (static_cast<char *> (g.shared) + shared_bytes, (shared_bytes + 31) / 16 * 16 - shared_bytes);
#endif
  g.by_rank = put_in_order (n);
  for (unsigned rank = 0; rank < n; rank++)
    {
      Thread &thread = g.threads[g.by_rank[rank]];

      thread.rank = rank;
      thread.fiber = nullptr;
      wake (&thread);
    }
  g.n_alive = n;
  g.n_at_barrier = 0;
  publish (&begun);

  while (!g.ready.empty ())
    {
      g.current = &g.threads[g.by_rank[g.ready.top ()]];
      g.ready.pop ();
      if (g.current->fiber == nullptr)
        g.current->fiber = take_fiber ();
      switch_to (&scheduler, g.current->fiber);
      if (g.current->state == ENDED)
        (tells_tsan ? spent : idle).push_back (g.current->fiber);
    }
  idle.insert (idle.end (), spent.begin (), spent.end ());
  spent.clear ();
  report_stuck ();
  see (&ended);
#if defined (__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION (g.shared, (shared_bytes + 31) / 16 * 16);
#endif
  std::free (g.shared);
}

} /* namespace */

void
fail (const char *format,
      ...)
{
  va_list args;

  std::fprintf (stderr, "emulation: kernel %s, block %u %u %u, thread %u: ", g.name, g.block_index.x, g.block_index.y,
                g.block_index.z, g.current != nullptr ? g.current->number : 0);
  va_start (args, format);
  std::vfprintf (stderr, format, args);
  va_end (args);
  std::fputc ('\n', stderr);
  std::_Exit (70);
}

const Index &
thread_index ()
{
  return g.current->index;
}

const Index &
block_index ()
{
  return g.block_index;
}

const Index &
block_size ()
{
  return g.block_size;
}

const Index &
grid_size ()
{
  return g.grid_size;
}

void *
shared_memory ()
{
  return g.shared;
}

void
barrier (int line)
{
  for (const Thread &thread : g.threads)
    if (g.n_at_barrier > 0 && thread.state == AT_BARRIER && thread.line != line)
      fail ("barrier at line %d while thread %u waits at the one of line %d", line, thread.number, thread.line);

  meet (g.barrier_turns);
  g.current->state = AT_BARRIER;
  g.current->line = line;
  g.n_at_barrier++;
  if (g.n_at_barrier == g.n_alive)
    release_barrier ();
  wait_for_others ();
}

void
warp_together (unsigned  mask,
               WarpWork  work,
               void     *mine,
               int       line)
{
  unsigned lane = g.current->number % 32;
  unsigned first = g.current->number - lane;
  Meeting &meeting = g.meetings[g.current->number / 32];
  Turns &turns = g.warp_turns[g.current->number / 32];

  if ((mask >> lane & 1) == 0)
    fail ("line %d: the mask %#x leaves out lane %u, which calls", line, mask, lane);
  if (meeting.arrived != 0 && (meeting.work != work || meeting.mask != mask || meeting.line != line))
    fail ("line %d: lanes of the warp are still together at line %d", line, meeting.line);
  for (unsigned i = 0; i < 32; i++)
    if ((mask >> i & 1) != 0 && (first + i >= g.threads.size () || g.threads[first + i].state == ENDED))
      fail ("line %d: lane %u of the mask %#x has ended", line, i, mask);

  meeting.work = work;
  meeting.mask = mask;
  meeting.line = line;
  meeting.brought[lane] = mine;
  meeting.arrived |= 1u << lane;
  meet (turns);
  g.current->state = IN_WARP;
  g.current->line = line;
  if (meeting.arrived == mask)
    {
      see (turns.now ());
      work (meeting.brought);
      publish (turns.now ());
      turns.turn ^= 1;
      for (unsigned i = 0; i < 32; i++)
        if ((mask >> i & 1) != 0)
          wake (&g.threads[first + i]);
      meeting = Meeting ();
    }
  wait_for_others ();
}

void
run_grid (const char                   *name,
          Index                         grid,
          Index                         block,
          size_t                        shared_bytes,
          const std::function<void ()> &body)
{
  unsigned n = block.x * block.y * block.z;
  const char *seed = std::getenv ("EMU_ORDER");

  g.name = name;
  g.body = &body;
  g.grid_size = grid;
  g.block_size = block;
  if (n == 0 || n > MAX_THREADS || n % 32 != 0)
    fail ("a block of %u threads", n);
  dice.seed (get_order () == RANDOM ? (unsigned) std::atoi (seed) : 0);
  g.threads.assign (n, Thread ());
  g.meetings.assign (n / 32, Meeting ());
  g.warp_turns.assign (n / 32, Turns ());
  g.ready = make_queue (n);
  find_tsan (&scheduler);
  for (unsigned i = 0; i < n; i++)
    {
      g.threads[i].number = i;
      g.threads[i].index = unfold (i, block);
    }
  for (unsigned number : put_in_order (grid.x * grid.y * grid.z))
    run_block (number, shared_bytes);
  g.current = nullptr;
  g.name = "(none)";
}

} /* namespace emu */

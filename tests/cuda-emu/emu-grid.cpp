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

struct Grid
{
  const char                  *name = "(none)";
  const std::function<void ()> *body = nullptr;
  Index                        block_index, block_size, grid_size;
  void                        *shared = nullptr;
  std::vector<Thread>          threads;
  std::vector<Meeting>         meetings; /* of each warp */
  std::vector<unsigned>        by_rank;
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<unsigned>> ready; /* ranks */
  unsigned                     n_alive = 0;
  unsigned                     n_at_barrier = 0;
  Thread                      *current = nullptr;
};

Grid g;
Fiber scheduler;
std::vector<Fiber *> &idle = *new std::vector<Fiber *>; /* for good: stacks are not given back */
std::mt19937 dice;

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
}

void
end_thread ()
{
  Meeting &meeting = g.meetings[g.current->number / 32];

  if (meeting.arrived != 0 && (meeting.mask >> (g.current->number % 32) & 1) != 0)
    fail ("line %d: thread %u ended, but its warp waits for it", meeting.line, g.current->number);
  g.current->state = ENDED;
  g.n_alive--;
  if (g.n_at_barrier > 0 && g.n_at_barrier == g.n_alive)
    release_barrier ();
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

      (*g.body) ();
      end_thread ();
      idle.push_back (own);
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
  prepare_stack (fiber, run_threads);
  return fiber;
}

/* The thread that runs has said what it waits for. */
void
wait_for_others ()
{
  switch_to (g.current->fiber, &scheduler);
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

  while (!g.ready.empty ())
    {
      g.current = &g.threads[g.by_rank[g.ready.top ()]];
      g.ready.pop ();
      if (g.current->fiber == nullptr)
        g.current->fiber = take_fiber ();
      switch_to (&scheduler, g.current->fiber);
    }
  report_stuck ();
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
  g.current->state = IN_WARP;
  g.current->line = line;
  if (meeting.arrived == mask)
    {
      work (meeting.brought);
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

/* eshi-cpu-isa.c: see eshi-cpu-isa.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-isa.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined (__x86_64__)

#include <cpuid.h>

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA  18

/* State that the kernel saves: XMM and YMM, and with them the three parts of AVX-512. */
#define XCR0_AVX    0x06
#define XCR0_AVX512 0xe6

typedef struct
{
  guint a, b, c, d;
} Leaf;

static Leaf
cpuid (guint leaf,
       guint subleaf)
{
  Leaf l = { 0, };

  if (!__get_cpuid_count (leaf, subleaf, &l.a, &l.b, &l.c, &l.d))
    memset (&l, 0, sizeof l);
  return l;
}

static guint
read_xcr0 (void)
{
  guint low = 0;
  guint high = 0;

  __asm__ volatile ("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
  return low;
}

static EshiCpuLevel
find_level (void)
{
  Leaf l1 = cpuid (1, 0);
  Leaf l7 = cpuid (7, 0);
  Leaf l71 = cpuid (7, 1);
  guint xcr0 = (l1.c & bit_OSXSAVE) != 0 ? read_xcr0 () : 0;
  guint avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
  guint avx2 = bit_FMA | bit_F16C | bit_AVX;

  if ((xcr0 & XCR0_AVX) != XCR0_AVX || (l1.c & avx2) != avx2 || (l7.b & bit_AVX2) == 0)
    return ESHI_CPU_BASE;
  if ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || (l7.b & avx512) != avx512)
    return ESHI_CPU_AVX2;
  return (l71.a & bit_AVX512BF16) != 0 ? ESHI_CPU_AVX512_BF16 : ESHI_CPU_AVX512;
}

/* Tile registers are large, so the kernel hands them out on demand only. Our loops for them also use VBMI's permutations,
 * which every processor with tiles has had so far. */
static gboolean
find_amx (void)
{
  Leaf l7 = cpuid (7, 0);
  guint amx = (1u << 22) | (1u << 24); /* AMX-BF16, AMX-TILE */
  guint vbmi = bit_AVX512VBMI | bit_AVX512VBMI2;

  return (l7.d & amx) == amx && (l7.c & vbmi) == vbmi &&
         syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static void
read_name (char  *name,
           gsize  size)
{
  guint words[13] = { 0 };

  if (cpuid (0x80000000, 0).a >= 0x80000004)
    for (guint i = 0; i < 3; i++)
      {
        Leaf l = cpuid (0x80000002 + i, 0);

        memcpy (words + 4 * i, &l, sizeof l);
      }
  g_strlcpy (name, g_strstrip ((char *) words), size);
}

static gboolean
has_base (void)
{
  return (cpuid (1, 0).c & bit_SSE4_1) != 0;
}

#else

static EshiCpuLevel
find_level (void)
{
  return ESHI_CPU_BASE;
}

static gboolean
find_amx (void)
{
  return FALSE;
}

static void
read_name (char  *name,
           gsize  size)
{
  g_strlcpy (name, "CPU", size);
}

static gboolean
has_base (void)
{
  return TRUE;
}

#endif

gboolean
eshi_cpu_isa_detect (EshiCpuIsa *isa)
{
  static const char *names[] = { "base", "avx2", "avx512", "avx512bf16" };
  const char *limit = g_getenv ("ESHI_CPU_ISA");

  memset (isa, 0, sizeof *isa);
  read_name (isa->name, sizeof isa->name);
  isa->level = find_level ();
  for (guint i = 0; limit != NULL && i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (limit, names[i]))
      {
        isa->level = MIN (isa->level, (EshiCpuLevel) i);
        isa->limited = TRUE;
      }
  isa->amx_bf16 = !isa->limited && isa->level >= ESHI_CPU_AVX512_BF16 && find_amx ();
  return has_base ();
}

/* The first of the CPUs that share @cpu's core: the same number for all of them. */
static int
find_core (int cpu)
{
  g_autofree char *path = g_strdup_printf ("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  g_autofree char *list = NULL;

  if (!g_file_get_contents (path, &list, NULL, NULL))
    return cpu;
  return atoi (list);
}

/* CPUs that the control group's quota pays for; G_MAXUINT without one. */
static guint
read_quota (void)
{
  g_autofree char *text = NULL;
  guint64 quota = 0;
  guint64 period = 0;
  char *end = NULL;

  if (!g_file_get_contents ("/sys/fs/cgroup/cpu.max", &text, NULL, NULL))
    return G_MAXUINT;
  quota = g_ascii_strtoull (text, &end, 10);
  if (end == text)
    return G_MAXUINT;
  period = g_ascii_strtoull (end, NULL, 10);
  if (quota == 0 || period == 0)
    return G_MAXUINT;
  return (guint) CLAMP ((quota + period - 1) / period, 1, 4096);
}

guint
eshi_cpu_count_cores (void)
{
  g_autoptr(GHashTable) cores = g_hash_table_new (NULL, NULL);
  cpu_set_t allowed;

  CPU_ZERO (&allowed);
  if (sched_getaffinity (0, sizeof allowed, &allowed) != 0)
    return MAX (1, MIN (g_get_num_processors (), read_quota ()));
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET (cpu, &allowed))
      g_hash_table_add (cores, GINT_TO_POINTER (find_core (cpu) + 1));
  return MAX (1, MIN (g_hash_table_size (cores), read_quota ()));
}

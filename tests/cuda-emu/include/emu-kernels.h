/* emu-kernels.h: the kernels of the emulation by name, and how their arguments are taken out of a launch.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace emu
{

/* Addresses that the host sees are not those of the memory behind them: whoever reads one as if it were its own
 * crashes, and a pointer of the host's is not among them. Ends the program if @address is not of the device's. */
void *from_device (const void *address);

/* Takes a copy of a launch's arguments; what it returns runs one thread. */
typedef std::function<std::function<void ()> (void **params)> Binder;

std::map<std::string, Binder> &kernels ();

template <typename A>
A
take_argument (void *param)
{
  A value = *static_cast<A *> (param);

  if constexpr (std::is_pointer<A>::value)
    value = static_cast<A> (from_device (value));
  return value;
}

template <typename... A, size_t... I>
std::tuple<A...>
take_arguments (void **params,
                std::index_sequence<I...>)
{
  return { take_argument<A> (params[I])... };
}

template <typename... A>
Binder
make_binder (void (*kernel) (A...))
{
  return [kernel] (void **params)
  {
    std::tuple<A...> arguments = take_arguments<A...> (params, std::index_sequence_for<A...> ());

    return [kernel, arguments] () { std::apply (kernel, arguments); };
  };
}

/* Made before main() by each kernel. */
struct Registration
{
  Registration (const char *name,
                Binder      binder)
  {
    kernels ()[name] = std::move (binder);
  }
};

} /* namespace emu */

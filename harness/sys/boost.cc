// The one place where Boost.Asio and Boost.Process v2 are compiled; everybody else sees declarations.
// SPDX-License-Identifier: MIT
#include <boost/type_traits/decay.hpp>  // process v2 in Boost 1.81 forgets it

#include <boost/asio/impl/src.hpp>
#include <boost/process/v2/src.hpp>

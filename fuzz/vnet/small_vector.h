// Vectors whose first elements lie in their owner: most runs are short, and under ASan each allocation costs as much as a call.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstddef>

namespace selfconnect::vnet {

template <class T, std::size_t kInPlace>
using SmallVector = boost::container::small_vector<T, kInPlace>;

// As std::erase_if().
template <class T, std::size_t kInPlace, class Predicate>
std::size_t erase_if(SmallVector<T, kInPlace>& vector, Predicate predicate) {
  const auto gone = std::ranges::remove_if(vector, predicate);
  const std::size_t count = gone.size();
  vector.erase(gone.begin(), gone.end());
  return count;
}

}  // namespace selfconnect::vnet

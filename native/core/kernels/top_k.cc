// TOP_K: the first elements of a in descending order (parameter 0 is 1) or ascending order, as many as
// out has room for, with their indices as U32 in out2. Equal elements come in the order of their indices.
//
// Each part of the array keeps its own best, in a buffer that is cut back to the best whenever it is
// full; the last of them is the bar that later elements must clear. The best of all parts are sorted.
#include <algorithm>
#include <vector>

#include "radix_sort.h"
#include "run.h"
#include "sort_key.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

constexpr size_t kLeastPart = size_t{1} << 18;
// Of more than one element in so many, sorting finds the best faster.
constexpr size_t kFew = 32;

template <class Key>
bool before(const Indexed<Key>& a, const Indexed<Key>& b) {
  return a.key != b.key ? a.key < b.key : a.index < b.index;
}

// Sorts by key, and what has equal keys by index. False: there is no memory for it.
template <class E>
[[nodiscard]] bool sort_best(E* best, size_t length) {
  Scratch<E> other(length);
  if (!other) return false;
  radix_sort(best, other.get(), length, best);
  Scratch<uint32_t> indices(2 * length);
  if (!indices) return false;
  for (size_t begin = 0, end = 0; begin < length; begin = end) {
    while (end < length && best[end].key == best[begin].key) end++;
    const size_t count = end - begin;
    if (count == 1) continue;
    for (size_t i = 0; i < count; i++) indices[i] = best[begin + i].index;
    radix_sort(indices.get(), indices.get() + count, count, indices.get());
    for (size_t i = 0; i < count; i++) best[begin + i].index = indices[i];
  }
  return true;
}

// Narrow keys are kept as wide ones.
template <class Bits, class Order>
int32_t select(Run& run, const Bits* elements, size_t length, Bits* values, uint32_t* indices, size_t wanted,
               Order order) {
  using Key = decltype(order.key(0));
  using E = Indexed<Key>;
  if (wanted == 0) return DONE;
  const size_t part = std::max(kLeastPart, 16 * wanted);
  const size_t parts = blocks_of(length, part);
  const size_t capacity = std::min(part, wanted + std::max(wanted, size_t{1024}));
  Scratch<E> buffers(parts * capacity);
  if (!buffers) return NO_MEMORY;
  std::vector<size_t> kept(parts);
  run.expect(blocks_of(length, part));
  const bool selected = run.each_range(length, part, [&](size_t begin, size_t end, size_t number) {
    E* const own = buffers.get() + number * capacity;
    size_t count = 0;
    Key bar = static_cast<Key>(~Key{0});
    bool barred = false;
    for (size_t i = begin; i < end; i++) {
      const Key key = order.key(elements[i]);
      // One as good as the bar comes after it, for its index is greater.
      if (barred && key >= bar) continue;
      own[count++] = {key, static_cast<uint32_t>(i)};
      if (count < capacity) continue;
      std::nth_element(own, own + wanted - 1, own + count, before<Key>);
      count = std::min(count, wanted);
      bar = own[wanted - 1].key;
      barred = true;
    }
    kept[number] = count;
  });
  if (!selected) return CANCELLED;
  size_t total = 0;
  for (size_t number = 0; number < parts; number++) {
    std::copy_n(buffers.get() + number * capacity, kept[number], buffers.get() + total);
    total += kept[number];
  }
  std::nth_element(buffers.get(), buffers.get() + wanted - 1, buffers.get() + total, before<Key>);
  if (!sort_best(buffers.get(), wanted)) return NO_MEMORY;
  for (size_t i = 0; i < wanted; i++) {
    values[i] = static_cast<Bits>(order.bits(buffers[i].key));
    indices[i] = buffers[i].index;
  }
  return DONE;
}

template <class Bits, class Order>
int32_t sort_all(Run& run, const Bits* elements, Bits* values, uint32_t* indices, size_t wanted, Order order,
                 bool descending) {
  Scratch<uint32_t> positions(run.a().length);
  if (!positions) return NO_MEMORY;
  const int32_t outcome = argsort_operand(run, run.a(), descending, positions.get());
  if (outcome != DONE) return outcome;
  for (size_t i = 0; i < wanted; i++) {
    indices[i] = positions[i];
    values[i] = static_cast<Bits>(order.bits(order.key(elements[positions[i]])));
  }
  return DONE;
}

}  // namespace

int32_t top_k(Run& run) {
  const size_t wanted = run.out().length;
  if (run.out().type != run.a().type || run.out2().type != ElementType::U32 || run.out2().length != wanted ||
      wanted > run.a().length) {
    return MISUSE;
  }
  const bool descending = run.parameter<double>(0) != 0;
  return with_order<uint32_t>(run.a().type, descending, [&](auto zero, auto order) -> int32_t {
    using Bits = decltype(zero);
    const auto* elements = static_cast<const Bits*>(run.a().data);
    auto* values = static_cast<Bits*>(run.out().data);
    auto* indices = static_cast<uint32_t*>(run.out2().data);
    const size_t length = run.a().length;
    if (length > kLeastPart && wanted > length / kFew) {
      return sort_all(run, elements, values, indices, wanted, order, descending);
    }
    return select(run, elements, length, values, indices, wanted, order);
  });
}

}  // namespace heddle::kernels

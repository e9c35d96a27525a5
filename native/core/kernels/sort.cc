// SORT: a in place; parameter 0 is 1 for descending order. ARGSORT: the indices that would sort a, as
// U32 in out, equal elements in the order of their indices.
#include "radix_sort.h"
#include "run.h"
#include "sort_key.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

// Below, one thread alone is faster.
constexpr size_t kAlone = size_t{1} << 16;

// Keys of one or two bytes are not moved but counted, and written anew.
template <class Key, class Order>
int32_t counting_sort(Run& run, Key* elements, size_t length, Order order) {
  constexpr size_t kKeys = size_t{1} << (8 * sizeof(Key));
  const size_t chunk = std::max({kBlock, 4 * kKeys, blocks_of(length, 64)});
  const size_t chunks = blocks_of(length, chunk);
  run.expect(2 * chunks);
  Scratch<uint32_t> counts(chunks * kKeys);
  if (!counts) return NO_MEMORY;
  const bool counted = run.each_range(length, chunk, [&](size_t begin, size_t end, size_t number) {
    uint32_t* const own = counts.get() + number * kKeys;
    std::fill_n(own, kKeys, 0);
    for (size_t i = begin; i < end; i++) own[order.key(elements[i])]++;
  });
  if (!counted) return CANCELLED;
  std::vector<size_t> ends(kKeys);
  size_t total = 0;
  for (size_t key = 0; key < kKeys; key++) {
    for (size_t number = 0; number < chunks; number++) total += counts[number * kKeys + key];
    ends[key] = total;
  }
  const bool written = run.each_range(length, chunk, [&](size_t begin, size_t end, size_t) {
    size_t key = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
    while (begin < end) {
      const size_t run_end = std::min(ends[key], end);
      std::fill(elements + begin, elements + run_end, order.bits(static_cast<Key>(key)));
      begin = run_end;
      key++;
    }
  });
  return written ? DONE : CANCELLED;
}

// By one thread.
template <class Key, class Order>
int32_t sort_alone(Run& run, Key* elements, size_t length, Order order) {
  Scratch<Key> other(length);
  if (!other) return NO_MEMORY;
  run.expect(1);
  for (size_t i = 0; i < length; i++) other[i] = order.key(elements[i]);
  radix_sort(other.get(), elements, length, elements);
  for (size_t i = 0; i < length; i++) elements[i] = order.bits(elements[i]);
  return DONE;
}

template <class Finish>
void call(const void* finish, size_t begin, size_t end) {
  (*static_cast<const Finish*>(finish))(begin, end);
}

template <class Key, class Order>
int32_t sort_together(Run& run, Key* elements, size_t length, Order order) {
  Scratch<Key> other(length);
  if (!other) return NO_MEMORY;
  const auto key_at = [elements, order](size_t i) { return order.key(elements[i]); };
  const auto finish = [elements, order](size_t begin, size_t end) {
    HEDDLE_INDEPENDENT
    for (size_t i = begin; i < end; i++) elements[i] = order.bits(elements[i]);
  };
  ParallelRadixSort<Key> sorter(run, call<decltype(finish)>, &finish);
  return sorter.sort(source_of<Key>(key_at), length, other.get(), elements, elements);
}

template <class Key>
int32_t sort_indices(Run& run, const Source<Indexed<Key>>& source, size_t length, uint32_t* indices) {
  using E = Indexed<Key>;
  Scratch<E> into(length);
  Scratch<E> back(length);
  if (!into || !back) return NO_MEMORY;
  // An array that changed meanwhile may have left places unfilled: no index leads out of it even so.
  const auto finish = [indices, length, &back](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) indices[i] = back[i].index < length ? back[i].index : 0;
  };
  if (length < kAlone) {
    run.expect(1);
    uint32_t place = 0;
    source.move(source.function, 0, length, 0, 0, &place, into.get(), length);
    radix_sort(into.get(), back.get(), length, back.get());
    finish(0, length);
    return DONE;
  }
  ParallelRadixSort<E> sorter(run, call<decltype(finish)>, &finish);
  return sorter.sort(source, length, into.get(), back.get(), back.get());
}

}  // namespace

int32_t sort_operand(Run& run, const Operand& operand, bool descending) {
  return with_order<uint8_t>(operand.type, descending, [&](auto zero, auto order) -> int32_t {
    using Key = decltype(zero);
    auto* elements = static_cast<Key*>(operand.data);
    const size_t length = operand.length;
    if (length < 2) return DONE;
    if constexpr (sizeof(Key) == 1) {
      return counting_sort(run, elements, length, order);
    } else {
      if (length < kAlone) return sort_alone(run, elements, length, order);
      if constexpr (sizeof(Key) == 2)
        return counting_sort(run, elements, length, order);
      else
        return sort_together(run, elements, length, order);
    }
  });
}

int32_t sort(Run& run) {
  return sort_operand(run, run.a(), run.parameter<double>(0) != 0);
}

int32_t argsort_operand(Run& run, const Operand& operand, bool descending, uint32_t* indices) {
  return with_order<uint32_t>(operand.type, descending, [&](auto zero, auto order) -> int32_t {
    using Bits = decltype(zero);
    using Key = decltype(order.key(0));
    const auto* elements = static_cast<const Bits*>(operand.data);
    const auto element_at = [elements, order](size_t i) {
      return Indexed<Key>{order.key(elements[i]), static_cast<uint32_t>(i)};
    };
    return sort_indices(run, source_of<Indexed<Key>>(element_at), operand.length, indices);
  });
}

int32_t argsort(Run& run) {
  if (run.out().type != ElementType::U32 || run.out().length != run.a().length) return MISUSE;
  return argsort_operand(run, run.a(), run.parameter<double>(0) != 0, static_cast<uint32_t*>(run.out().data));
}

}  // namespace heddle::kernels

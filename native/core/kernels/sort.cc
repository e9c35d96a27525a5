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
template <class Key>
int32_t counting_sort(Run& run, Key* elements, size_t length, KeyOrder<Key> order) {
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
template <class Key>
int32_t sort_alone(Run& run, Key* elements, size_t length, KeyOrder<Key> order) {
  Scratch<Key> other(length);
  if (!other) return NO_MEMORY;
  run.expect(1);
  for (size_t i = 0; i < length; i++) other[i] = order.key(elements[i]);
  radix_sort(other.get(), elements, length, elements);
  for (size_t i = 0; i < length; i++) elements[i] = order.bits(elements[i]);
  return DONE;
}

// Elements as keys. Those that have been moved are keys already, which in this order are as they are.
template <class Key>
struct Keys {
  const Key* elements;
  KeyOrder<Key> order = {};

  [[nodiscard]] Key operator()(size_t i) const { return order.key(elements[i]); }
};

template <class E>
struct MovedElements {
  const E* elements;

  [[nodiscard]] E operator()(size_t i) const { return elements[i]; }
};

template <class Key>
int32_t sort_together(Run& run, Key* elements, size_t length, KeyOrder<Key> order) {
  Scratch<Key> other(length);
  if (!other) return NO_MEMORY;
  auto finish = [elements, order](size_t begin, size_t end) {
    HEDDLE_INDEPENDENT
    for (size_t i = begin; i < end; i++) elements[i] = order.bits(elements[i]);
  };
  ParallelRadixSort<Key, Keys<Key>, decltype(finish)> sorter(run, finish);
  return sorter.sort(Keys<Key>{elements, order}, length, other.get(), elements, elements);
}

template <class Key>
int32_t argsort_elements(Run& run, const Key* elements, size_t length, uint32_t* indices,
                         KeyOrder<Key> order) {
  using E = Indexed<Key>;
  Scratch<E> into(length);
  Scratch<E> back(length);
  if (!into || !back) return NO_MEMORY;
  const auto element_at = [elements, order](size_t i) {
    return E{order.key(elements[i]), static_cast<uint32_t>(i)};
  };
  // An array that changed meanwhile may have left places unfilled: no index leads out of it even so.
  auto finish = [indices, length, &back](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) indices[i] = back[i].index < length ? back[i].index : 0;
  };
  if (length < kAlone) {
    run.expect(1);
    for (size_t i = 0; i < length; i++) into[i] = element_at(i);
    radix_sort(into.get(), back.get(), length, back.get());
    finish(0, length);
    return DONE;
  }
  ParallelRadixSort<E, MovedElements<E>, decltype(finish)> sorter(run, finish);
  return sorter.sort(element_at, length, into.get(), back.get(), back.get());
}

// With zeros above them, narrow elements are sorted as wide ones. Until the indices are written, there is
// room for that in their place.
template <class Narrow>
int32_t widen(Run& run, const Narrow* elements, size_t length, uint32_t* wide) {
  run.expect(blocks_of(length, kBlock));
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; i++) wide[i] = elements[i];
  });
  return done ? DONE : CANCELLED;
}

}  // namespace

int32_t sort_operand(Run& run, const Operand& operand, bool descending) {
  return with_key(operand.type, [&](auto zero) -> int32_t {
    using Key = decltype(zero);
    auto* elements = static_cast<Key*>(operand.data);
    const size_t length = operand.length;
    const auto order = KeyOrder<Key>::of_type(operand.type, descending);
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
  return with_key(operand.type, [&](auto zero) -> int32_t {
    using Key = decltype(zero);
    const size_t length = operand.length;
    const auto* elements = static_cast<const Key*>(operand.data);
    if constexpr (sizeof(Key) == 8) {
      return argsort_elements(run, elements, length, indices,
                              KeyOrder<Key>::of_type(operand.type, descending));
    } else {
      const uint32_t* wide = indices;
      if constexpr (sizeof(Key) == 4) {
        wide = elements;
      } else if (const int32_t outcome = widen(run, elements, length, indices); outcome != DONE) {
        return outcome;
      }
      return argsort_elements(run, wide, length, indices,
                              KeyOrder<uint32_t>::of_type(operand.type, descending));
    }
  });
}

int32_t argsort(Run& run) {
  if (run.out().type != ElementType::U32 || run.out().length != run.a().length) return MISUSE;
  return argsort_operand(run, run.a(), run.parameter<double>(0) != 0, static_cast<uint32_t*>(run.out().data));
}

}  // namespace heddle::kernels

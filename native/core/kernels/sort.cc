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
template <class T>
int32_t counting_sort(Run& run, KeyOf<T>* elements, size_t length, KeyOf<T> flip) {
  using Key = KeyOf<T>;
  constexpr size_t kKeys = size_t{1} << (8 * sizeof(Key));
  const size_t chunk = std::max({kBlock, 4 * kKeys, blocks_of(length, 64)});
  const size_t chunks = blocks_of(length, chunk);
  run.expect(2 * chunks);
  Scratch<uint32_t> counts(chunks * kKeys);
  if (!counts) return NO_MEMORY;
  const bool counted = run.each_range(length, chunk, [&](size_t begin, size_t end, size_t number) {
    uint32_t* const own = counts.get() + number * kKeys;
    std::fill_n(own, kKeys, 0);
    for (size_t i = begin; i < end; i++) own[static_cast<Key>(SortKey<T>::of(elements[i]) ^ flip)]++;
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
      std::fill(elements + begin, elements + run_end,
                SortKey<T>::bits(static_cast<Key>(static_cast<Key>(key) ^ flip)));
      begin = run_end;
      key++;
    }
  });
  return written ? DONE : CANCELLED;
}

template <class T>
int32_t sort_elements(Run& run, KeyOf<T>* elements, size_t length, KeyOf<T> flip) {
  using Key = KeyOf<T>;
  const auto key_at = [elements, flip](size_t i) {
    return static_cast<Key>(SortKey<T>::of(elements[i]) ^ flip);
  };
  auto finish = [elements, flip](size_t begin, size_t end) {
    HEDDLE_INDEPENDENT
    for (size_t i = begin; i < end; i++) {
      elements[i] = SortKey<T>::bits(static_cast<Key>(elements[i] ^ flip));
    }
  };
  Scratch<Key> other(length);
  if (!other) return NO_MEMORY;
  if (length < kAlone) {
    run.expect(1);
    for (size_t i = 0; i < length; i++) other[i] = key_at(i);
    radix_sort(other.get(), elements, length, elements);
    finish(0, length);
    return DONE;
  }
  ParallelRadixSort<Key, decltype(finish)> sorter(run, finish);
  return sorter.sort(key_at, length, other.get(), elements, elements);
}

template <class T>
int32_t argsort_elements(Run& run, const KeyOf<T>* elements, size_t length, uint32_t* indices,
                         KeyOf<T> flip) {
  using Key = KeyOf<T>;
  using E = Indexed<Key>;
  Scratch<E> into(length);
  Scratch<E> back(length);
  if (!into || !back) return NO_MEMORY;
  const auto element_at = [elements, flip](size_t i) {
    return E{static_cast<Key>(SortKey<T>::of(elements[i]) ^ flip), static_cast<uint32_t>(i)};
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
  ParallelRadixSort<E, decltype(finish)> sorter(run, finish);
  return sorter.sort(element_at, length, into.get(), back.get(), back.get());
}

// All bits set to turn the order round.
template <class T>
KeyOf<T> flip_for(bool descending) {
  return descending ? static_cast<KeyOf<T>>(~KeyOf<T>{0}) : KeyOf<T>{0};
}

}  // namespace

int32_t sort_operand(Run& run, const Operand& operand, bool descending) {
  return with_type(operand.type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    auto* elements = static_cast<KeyOf<T>*>(operand.data);
    const size_t length = operand.length;
    const auto flip = flip_for<T>(descending);
    if (length < 2) return DONE;
    if constexpr (sizeof(T) == 1) {
      return counting_sort<T>(run, elements, length, flip);
    } else {
      if constexpr (sizeof(T) == 2) {
        if (length >= kAlone) return counting_sort<T>(run, elements, length, flip);
      }
      return sort_elements<T>(run, elements, length, flip);
    }
  });
}

int32_t sort(Run& run) {
  return sort_operand(run, run.a(), run.parameter<double>(0) != 0);
}

int32_t argsort_operand(Run& run, const Operand& operand, bool descending, uint32_t* indices) {
  return with_type(operand.type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    return argsort_elements<T>(run, static_cast<const KeyOf<T>*>(operand.data), operand.length, indices,
                               flip_for<T>(descending));
  });
}

int32_t argsort(Run& run) {
  if (run.out().type != ElementType::U32 || run.out().length != run.a().length) return MISUSE;
  return argsort_operand(run, run.a(), run.parameter<double>(0) != 0, static_cast<uint32_t*>(run.out().data));
}

}  // namespace heddle::kernels

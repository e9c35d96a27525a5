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

template <class T>
int32_t select(Run& run, const KeyOf<T>* elements, size_t length, KeyOf<T>* values, uint32_t* indices,
               size_t wanted, KeyOf<T> flip) {
  using Key = KeyOf<T>;
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
      const Key key = static_cast<Key>(SortKey<T>::of(elements[i]) ^ flip);
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
  std::sort(buffers.get(), buffers.get() + wanted, before<Key>);
  for (size_t i = 0; i < wanted; i++) {
    values[i] = SortKey<T>::bits(static_cast<Key>(buffers[i].key ^ flip));
    indices[i] = buffers[i].index;
  }
  return DONE;
}

template <class T>
int32_t sort_all(Run& run, const KeyOf<T>* elements, KeyOf<T>* values, uint32_t* indices, size_t wanted,
                 bool descending) {
  Scratch<uint32_t> order(run.a().length);
  if (!order) return NO_MEMORY;
  const int32_t outcome = argsort_operand(run, run.a(), descending, order.get());
  if (outcome != DONE) return outcome;
  for (size_t i = 0; i < wanted; i++) {
    indices[i] = order[i];
    values[i] = SortKey<T>::bits(SortKey<T>::of(elements[order[i]]));
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
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    const auto* elements = static_cast<const KeyOf<T>*>(run.a().data);
    auto* values = static_cast<KeyOf<T>*>(run.out().data);
    auto* indices = static_cast<uint32_t*>(run.out2().data);
    const size_t length = run.a().length;
    const bool descending = run.parameter<double>(0) != 0;
    if (length > kLeastPart && wanted > length / kFew) {
      return sort_all<T>(run, elements, values, indices, wanted, descending);
    }
    const auto flip = descending ? static_cast<KeyOf<T>>(~KeyOf<T>{0}) : KeyOf<T>{0};
    return select<T>(run, elements, length, values, indices, wanted, flip);
  });
}

}  // namespace heddle::kernels

"""CPython's side of the process scenarios: `process_bench.py NAME ARGS` prints one number."""

import multiprocessing
import sys
import time


def take(items, results, start, warm_up, count, is_object):
    for _ in range(warm_up):
        items.get()
    start.wait()
    total = 0
    for _ in range(count):
        item = items.get()
        total += item["id"] if is_object else item
    results.put(total)


def through_queue(count, make, is_object):
    """Items per second through one bounded queue to a child."""
    items = multiprocessing.Queue(1024)
    results = multiprocessing.Queue()
    start = multiprocessing.Barrier(2)
    warm_up = count // 10
    child = multiprocessing.Process(target=take, args=(items, results, start, warm_up, count, is_object))
    child.start()
    for i in range(warm_up):
        items.put(make(i))
    start.wait()
    began = time.perf_counter()
    for i in range(count):
        items.put(make(i))
    total = results.get()
    elapsed = time.perf_counter() - began
    child.join()
    if total != count * (count - 1) // 2:
        raise AssertionError(f"the items add up to {total}")
    return count / elapsed


def queue_ints(count):
    return through_queue(count, lambda i: i, False)


def queue_objects(count):
    return through_queue(count, lambda i: {"id": i, "name": "item", "x": 0.5}, True)


def echo(there, back, count):
    for _ in range(count):
        back.put(there.get())


def round_trips(count):
    """Items per second to a child and back, one at a time."""
    there, back = multiprocessing.Queue(), multiprocessing.Queue()
    warm_up = count // 10
    child = multiprocessing.Process(target=echo, args=(there, back, warm_up + count))
    child.start()

    def run(n):
        for i in range(n):
            there.put(i)
            if back.get() != i:
                raise AssertionError("not what was sent")

    run(warm_up)
    began = time.perf_counter()
    run(count)
    elapsed = time.perf_counter() - began
    child.join()
    return count / elapsed


def add(lock, counter, start, warm_up, count):
    for _ in range(warm_up):
        with lock:
            counter.value += 1
    start.wait()
    for _ in range(count):
        with lock:
            counter.value += 1


def lock(count, processes):
    """Additions per second to a counter under a lock."""
    lock = multiprocessing.Lock()
    counter = multiprocessing.Value("i", 0, lock=False)
    start = multiprocessing.Barrier(processes + 1)
    each = count // processes
    warm_up = each // 10
    children = [
        multiprocessing.Process(target=add, args=(lock, counter, start, warm_up, each)) for _ in range(processes)
    ]
    for child in children:
        child.start()
    start.wait()
    began = time.perf_counter()
    total = processes * (warm_up + each)
    while counter.value != total:
        time.sleep(0.0002)
    elapsed = time.perf_counter() - began
    for child in children:
        child.join()
    return count / elapsed


def nothing():
    pass


def start(count):
    """Nanoseconds to spawn and join a process."""
    context = multiprocessing.get_context("spawn")

    def run(n):
        for _ in range(n):
            child = context.Process(target=nothing)
            child.start()
            child.join()

    run(3)
    began = time.perf_counter_ns()
    run(count)
    return (time.perf_counter_ns() - began) / count


if __name__ == "__main__":
    print(globals()[sys.argv[1]](*map(int, sys.argv[2:])))

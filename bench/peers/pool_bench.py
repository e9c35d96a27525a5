"""CPython's side of the pool scenarios: `pool_bench.py NAME ARGS` prints one number."""

import collections
import concurrent.futures
import multiprocessing
import multiprocessing.pool
import os
import statistics
import sys
import time


def next_number(n):
    return n + 1


def square(n):
    return n * n


def check_sum(total, count):
    if total != count * (count + 1) // 2:
        raise AssertionError(f"the results add up to {total}")


def nanoseconds(body, rounds=1):
    """The median of so many rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        body()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)


def latency(count):
    """Nanoseconds per task of a ThreadPoolExecutor, one at a time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:

        def body(n):
            check_sum(sum(executor.submit(next_number, i).result() for i in range(n)), n)

        body(count // 5)
        return nanoseconds(lambda: body(100), count // 100) / 100


def apply_latency(count):
    """Nanoseconds per Pool.apply."""
    with multiprocessing.Pool() as pool:

        def body(n):
            check_sum(sum(pool.apply(next_number, (i,)) for i in range(n)), n)

        body(count // 5)
        return nanoseconds(lambda: body(100), count // 100) / 100


def process_latency(count):
    """Nanoseconds per task of a ProcessPoolExecutor, one at a time."""
    with concurrent.futures.ProcessPoolExecutor() as executor:

        def body(n):
            check_sum(sum(executor.submit(next_number, i).result() for i in range(n)), n)

        body(count // 5)
        return nanoseconds(lambda: body(100), count // 100) / 100


def process_throughput(count, in_flight):
    """Tasks per second of a ProcessPoolExecutor with so many in flight."""
    with concurrent.futures.ProcessPoolExecutor() as executor:
        return throughput_of(executor, count, in_flight)


def throughput(count, in_flight):
    """The same of a ThreadPoolExecutor."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
        return throughput_of(executor, count, in_flight)


def throughput_of(executor, count, in_flight):
    def body(n):
        total = 0
        flying = collections.deque()
        for i in range(n):
            if len(flying) == in_flight:
                total += flying.popleft().result()
            flying.append(executor.submit(next_number, i))
        check_sum(total + sum(future.result() for future in flying), n)

    body(count // 5)
    return count / nanoseconds(lambda: body(count), 5) * 1e9


def best_map(pool, count):
    """Items per second, the better of two runs after a first one."""
    items = list(range(count))
    best = 0
    for round_number in range(3):
        start = time.perf_counter_ns()
        results = pool.map(square, items)
        elapsed = time.perf_counter_ns() - start
        if results != [n * n for n in items]:
            raise AssertionError("wrong squares")
        if round_number > 0:
            best = max(best, count / elapsed * 1e9)
    return best


def pool_map(count):
    with multiprocessing.Pool() as pool:
        return best_map(pool, count)


def thread_pool_map(count):
    with multiprocessing.pool.ThreadPool() as pool:
        return best_map(pool, count)


if __name__ == "__main__":
    print(globals()[sys.argv[1]](*map(int, sys.argv[2:])))

"""CPython's side of the scenarios: `threading_bench.py NAME ARGS` prints one number."""

import queue
import sys
import threading
import time


def per_operation(count, body):
    """Nanoseconds per operation of body(count), after a warm-up."""
    body(count // 10 + 1)
    start = time.perf_counter_ns()
    body(count)
    return (time.perf_counter_ns() - start) / count


def run_threads(targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lock(count):
    lock = threading.Lock()

    def body(n):
        acquire, release = lock.acquire, lock.release
        for _ in range(n):
            acquire()
            release()

    return per_operation(count, body)


def semaphore(count):
    semaphore = threading.Semaphore(2)

    def body(n):
        acquire, release = semaphore.acquire, semaphore.release
        for _ in range(n):
            acquire()
            release()

    return per_operation(count, body)


def semaphore_contended(count, threads):
    semaphore = threading.Semaphore(2)

    def body(n):
        def work():
            for _ in range(n // threads):
                semaphore.acquire()
                semaphore.release()

        run_threads([work] * threads)

    return per_operation(count, body)


def event(count):
    def body(n):
        ping, pong = threading.Event(), threading.Event()

        def answer():
            for _ in range(n):
                ping.wait()
                ping.clear()
                pong.set()

        def ask():
            for _ in range(n):
                ping.set()
                pong.wait()
                pong.clear()

        run_threads([answer, ask])

    return per_operation(count, body)


def condition(count):
    def body(n):
        turn = [0]
        condition = threading.Condition()

        def play(me):
            for _ in range(n):
                with condition:
                    while turn[0] != me:
                        condition.wait()
                    turn[0] = 1 - me
                    condition.notify()

        run_threads([lambda: play(0), lambda: play(1)])

    return per_operation(count, body)


def barrier(count, parties):
    def body(n):
        barrier = threading.Barrier(parties)

        def meet():
            for _ in range(n):
                barrier.wait()

        run_threads([meet] * parties)

    return per_operation(count, body)


def queue_ints(count, pairs):
    """Items per second through one bounded queue."""
    items = queue.Queue(1024)
    sums = []

    def produce():
        for i in range(count // pairs):
            items.put(i)

    def consume():
        total = 0
        for _ in range(count // pairs):
            total += items.get()
        sums.append(total)

    start = time.perf_counter_ns()
    run_threads([produce, consume] * pairs)
    elapsed = time.perf_counter_ns() - start
    each = count // pairs
    if sum(sums) != pairs * each * (each - 1) // 2:
        raise AssertionError("items were lost")
    return count / elapsed * 1e9


def thread_start(count):
    def body(n):
        for _ in range(n):
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()

    return per_operation(count, body)


print(globals()[sys.argv[1]](*map(int, sys.argv[2:])))

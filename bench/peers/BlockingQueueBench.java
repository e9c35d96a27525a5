// Java's side of queue-threads: items per second through one ArrayBlockingQueue of 1024 places.
// Usage: BlockingQueueBench COUNT PAIRS

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

public class BlockingQueueBench {
    public static void main(String[] args) throws InterruptedException {
        int count = Integer.parseInt(args[0]);
        int pairs = Integer.parseInt(args[1]);
        round(count, pairs); // warms the JIT up
        System.out.println(round(count, pairs));
    }

    private static double round(int count, int pairs) throws InterruptedException {
        ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1024);
        AtomicLong sum = new AtomicLong();
        int each = count / pairs;
        Thread[] threads = new Thread[2 * pairs];
        for (int i = 0; i < pairs; i++) {
            threads[2 * i] = new Thread(() -> {
                try {
                    for (int n = 0; n < each; n++) queue.put(n);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            threads[2 * i + 1] = new Thread(() -> {
                try {
                    long total = 0;
                    for (int n = 0; n < each; n++) total += queue.take();
                    sum.addAndGet(total);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
        long start = System.nanoTime();
        for (Thread thread : threads) thread.start();
        for (Thread thread : threads) thread.join();
        double seconds = (System.nanoTime() - start) / 1e9;
        long expected = (long) pairs * each * (each - 1L) / 2;
        if (sum.get() != expected) throw new IllegalStateException("items were lost");
        return count / seconds;
    }
}

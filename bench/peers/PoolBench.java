// Java's side of the pool scenarios, on a fixed pool of one thread per core.
// The median of rounds of 100 tasks, or of a tenth of COUNT.
// Usage: PoolBench latency COUNT 1           nanoseconds per task, one at a time
//        PoolBench throughput COUNT IN_FLIGHT tasks per second

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class PoolBench {
    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[1]);
        int inFlight = Integer.parseInt(args[2]);
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            run(pool, count, inFlight); // warms the JIT up
            boolean latency = args[0].equals("latency");
            int size = latency ? 100 : count / 10;
            double[] rounds = new double[count / size];
            for (int i = 0; i < rounds.length; i++) rounds[i] = run(pool, size, inFlight) / size;
            Arrays.sort(rounds);
            double nanoseconds = rounds[rounds.length / 2];
            System.out.println(latency ? nanoseconds : 1e9 / nanoseconds);
        } finally {
            pool.shutdown();
        }
    }

    private static double run(ExecutorService pool, int count, int inFlight) throws Exception {
        long start = System.nanoTime();
        long sum = 0;
        ArrayDeque<Future<Integer>> flying = new ArrayDeque<>(inFlight);
        for (int i = 0; i < count; i++) {
            if (flying.size() == inFlight) sum += flying.poll().get();
            int n = i;
            flying.add(pool.submit(() -> n + 1));
        }
        for (Future<Integer> future : flying) sum += future.get();
        double nanoseconds = System.nanoTime() - start;
        if (sum != (long) count * (count + 1L) / 2) throw new IllegalStateException("the results add up to " + sum);
        return nanoseconds;
    }
}

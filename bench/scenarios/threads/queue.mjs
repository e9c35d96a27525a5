/** What the threads of the queue scenarios do. */
import { itemOf, warmUp, weightOf } from '../../peers/items.mjs';

export function queueThread(role, queue, item, count, start, sums, index) {
  const make = itemOf(item);
  const weigh = weightOf(item);
  const put = (n) => {
    for (let i = 0; i < n; i++) queue.putSync(make(i));
  };
  const take = (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weigh(queue.getSync());
    return sum;
  };
  const work = role === 'producer' ? put : take;
  warmUp(work, count);
  start.waitSync();
  const sum = work(count);
  if (role === 'consumer') sums.array[index] = sum;
}

export async function asyncQueueThread(role, queue, count, start, sums) {
  const put = async (n) => {
    for (let i = 0; i < n; i++) await queue.put(i);
  };
  const take = async (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += await queue.get();
    return sum;
  };
  const work = role === 'producer' ? put : take;
  await work(count / 10);
  await start.wait();
  const sum = await work(count);
  if (role === 'consumer') sums.array[0] = sum;
}

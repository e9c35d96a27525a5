const LENGTH = 10_000_000;

/** What each does with the same array; `script` is one thread's plain JavaScript. */
const works = {
  sort: {
    input: 'scattered',
    script: (a) => a.sort(),
    heddle: (k, a) => k.sortSync(a),
    result: (_, a) => checkSorted(a),
  },
  sum: {
    script(a) {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += a[i];
      return sum;
    },
    heddle: (k, a) => k.sumSync(a),
    result: (sum) => checkNear(sum, LENGTH / 2),
  },
  max: {
    script(a) {
      let max = a[0];
      for (let i = 1; i < a.length; i++) if (a[i] > max) max = a[i];
      return max;
    },
    heddle: (k, a) => k.maxSync(a),
    result: (max) => checkNear(max, 1),
  },
  dot: {
    script(a) {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += a[i] * a[i];
      return sum;
    },
    heddle: (k, a) => k.dotSync(a, a),
    result: (dot) => checkNear(dot, LENGTH / 3),
  },
  histogram: {
    script(a) {
      const counts = new Uint32Array(100);
      for (let i = 0; i < a.length; i++) counts[Math.floor(a[i] * 100)]++;
      return counts;
    },
    heddle: (k, a) => k.histogramSync(a, { bins: 100, range: [0, 1] }).counts,
    result: (counts) => checkNear(counts[50], LENGTH / 100),
  },
  matmul: {
    input: 'matrix',
    script(a) {
      const n = Math.sqrt(a.length);
      const product = new Float64Array(a.length);
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < n; k++) {
          const factor = a[i * n + k];
          for (let j = 0; j < n; j++) product[i * n + j] += factor * a[k * n + j];
        }
      }
      return product;
    },
    heddle(k, a) {
      const n = Math.sqrt(a.length);
      return k.matmulSync(a, a, { rows: n, inner: n, columns: n });
    },
    result: (product, a) => checkNear(product[0], a[0] * Math.sqrt(a.length) * a[0]),
  },
};
const MATRIX = 600;

export default {
  title: 'kernels on 10 million doubles',
  work: 'One call on a Float64Array of 10 million numbers from 0 to 1 (matmul: 600 × 600); a Sync call, whose result is checked. The best of three runs in each process.',
  unit: 'op/s',
  variants: [
    { name: 'sort', floors: against(3, 6) },
    { name: 'sum', floors: against(1, 2) },
    { name: 'max', floors: against(1, 2) },
    { name: 'dot', floors: against(1, 2) },
    { name: 'histogram', floors: against(1, 2) },
    { name: 'matmul', floors: against(2, 6) },
  ],

  async heddle({ name }) {
    const kernels = await import('heddle/parallel');
    return measure(name, (array) => works[name].heddle(kernels, array));
  },

  peers: {
    'one thread of JavaScript': { run: ({ name }) => measure(name, works[name].script) },
  },
};

function against(floor, goal) {
  return [{ against: 'one thread of JavaScript', floor, goal }];
}

function inputOf(kind) {
  if (kind === 'matrix') return new Float64Array(MATRIX * MATRIX).fill(0.5);
  const array = new Float64Array(LENGTH);
  let state = 1;
  for (let i = 0; i < LENGTH; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = (state >>> 0) / 2 ** 32;
  }
  return array;
}

function measure(name, compute) {
  const { input, result } = works[name];
  const array = inputOf(input);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const own = input === 'scattered' ? array.slice() : array;
    const start = performance.now();
    const outcome = compute(own);
    best = Math.min(best, performance.now() - start);
    result(outcome, own);
  }
  return 1000 / best;
}

function checkSorted(array) {
  for (let i = 1; i < array.length; i++) if (array[i - 1] > array[i]) throw new Error(`not sorted at ${i}`);
}

function checkNear(actual, expected) {
  if (!(Math.abs(actual - expected) <= expected * 0.02)) throw new Error(`${actual} is not about ${expected}`);
}

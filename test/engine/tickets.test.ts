import { describe, expect, test } from 'vitest';
import { Tickets } from '#dist/engine/tickets.js';
import { FIRST_TICKET, WORDS_PER_CELL } from '#dist/memory/layout.js';

const ticket = (cell: number) => FIRST_TICKET + cell * WORDS_PER_CELL;

describe('a table of tickets', () => {
  test('gives back what was set, once', () => {
    const tickets = new Tickets<object>();
    const value = {};
    tickets.set(ticket(7), value);
    expect(tickets.take(ticket(8))).toBeUndefined();
    expect(tickets.take(ticket(7))).toBe(value);
    expect(tickets.take(ticket(7))).toBeUndefined();
  });

  test('knows nothing of a ticket on a page that was never used', () => {
    expect(new Tickets<object>().take(ticket(2_000_000))).toBeUndefined();
  });

  test('agrees with a Map over random sets and takes, near and far', () => {
    const tickets = new Tickets<{ n: number }>();
    const model = new Map<number, { n: number }>();
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let n = 0; n < 200_000; n++) {
      const at = ticket(random(2) === 0 ? random(1500) : 1_900_000 + random(1500));
      if (model.has(at)) {
        expect(tickets.take(at)).toBe(model.get(at));
        model.delete(at);
      } else if (random(3) > 0) {
        const value = { n };
        tickets.set(at, value);
        model.set(at, value);
      } else {
        expect(tickets.take(at)).toBeUndefined();
      }
    }
    for (const [at, value] of model) expect(tickets.take(at)).toBe(value);
  });
});

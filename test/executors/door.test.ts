import { describe, expect, it } from 'vitest';
import { BOARD_WORDS, recordAt, WorkerWord, workerId } from '#dist/executors/board.js';
import { closeDoorOf, Door, takeFromDoor } from '#dist/executors/door.js';

const [first, second] = [workerId(0, 1), workerId(1, 2)];

function made(): { board: Int32Array; one: Door; other: Door } {
  const board = new Int32Array(new SharedArrayBuffer(4 * BOARD_WORDS));
  return { board, one: new Door(board, first), other: new Door(board, second) };
}

describe('the door', () => {
  it('is held by nobody until somebody has asked for it', () => {
    const { board, one } = made();
    expect(one.open()).toBe(false);
    expect(takeFromDoor(board)).toBe(0);
    expect(one.open()).toBe(true);
  });

  it('leads to one worker at a time, once', () => {
    const { board, one, other } = made();
    takeFromDoor(board);
    expect([one.open(), other.open()]).toEqual([true, false]);
    expect([takeFromDoor(board), takeFromDoor(board)]).toEqual([first, 0]);
    expect(other.open()).toBe(true);
    expect(one.close()).toBe(false);
    expect(other.close()).toBe(true);
    expect(takeFromDoor(board)).toBe(0);
  });

  it('says whether one has to be rung', () => {
    const { board, one, other } = made();
    takeFromDoor(board);
    const awaits = (worker: number) => board[recordAt(worker) + WorkerWord.AWAITS_MAIL];
    one.open();
    other.open();
    expect([awaits(first), awaits(second)]).toEqual([1, 0]);
    one.close();
    expect(awaits(first)).toBe(1);
    one.rest();
    expect(awaits(first)).toBe(0);
  });

  it('is closed after one who has died, and left alone when another holds it', () => {
    const { board, one, other } = made();
    takeFromDoor(board);
    one.open();
    closeDoorOf(board, second);
    expect(takeFromDoor(board)).toBe(first);
    other.open();
    closeDoorOf(board, second);
    expect(takeFromDoor(board)).toBe(0);
  });
});

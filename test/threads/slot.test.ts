import { describe, expect, it } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { decodeName, encodeName, liveSlots, readName, writeName } from '#dist/threads/slot.js';

describe('the name in a slot', () => {
  it('is read as it was written', () => {
    const before = readName(engine.self) ?? '';
    for (const name of ['a', 'Thread-1 (run)', 'Ärger 线程 🧵']) {
      writeName(engine.self, name);
      expect(readName(engine.self)).toBe(name);
    }
    writeName(engine.self, before);
  });

  it('is cut at a character where it is too long', () => {
    expect(decodeName(encodeName('🧵'.repeat(100)))).toBe('🧵'.repeat(48));
    expect(decodeName(encodeName(`a${'🧵'.repeat(100)}`))).toBe(`a${'🧵'.repeat(47)}`);
  });
});

describe('liveSlots', () => {
  it('has the slot of this isolate', () => {
    expect([...liveSlots()]).toContain(engine.self);
  });
});

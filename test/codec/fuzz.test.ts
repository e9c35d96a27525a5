/** Random values and damaged bytes. A failure names its seed. */

import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes } from '#dist/codec/codec.js';
import { difference, randomSource, randomValue } from './graph.js';

describe('random values', () => {
  it('arrive as structured clone copies them', () => {
    for (let seed = 1; seed <= 4_000; seed++) {
      const value = randomValue(randomSource(seed));
      const copy = decodeBytes(encodeBytes(value));
      expect(difference(structuredClone(value), copy), `seed ${seed}`).toBeUndefined();
    }
  });
});

describe('damaged bytes', () => {
  /** Decodes; a throw is fine, anything worse ends the test. */
  function survive(bytes: Uint8Array, seed: number): void {
    try {
      decodeBytes(bytes);
    } catch (error) {
      expect(error, `seed ${seed}`).toBeInstanceOf(Error);
    }
  }

  it('that are cut short are refused', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const bytes = encodeBytes(randomValue(randomSource(seed)));
      for (let length = 0; length < bytes.length; length += 1 + (length >> 3)) {
        expect(() => decodeBytes(bytes.slice(0, length)), `seed ${seed}, ${length} bytes`).toThrow();
      }
    }
  });

  it('that are changed give a value or a throw', () => {
    for (let seed = 1; seed <= 6_000; seed++) {
      const random = randomSource(seed);
      const bytes = encodeBytes(randomValue(random));
      for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      survive(bytes, seed);
    }
  });

  it('that are noise give a value or a throw', () => {
    for (let seed = 1; seed <= 6_000; seed++) {
      const random = randomSource(seed);
      const bytes = Uint8Array.from({ length: 2 + Math.floor(random() * 60) }, () => Math.floor(random() * 256));
      bytes[0] = Math.floor(random() * 2);
      survive(bytes, seed);
    }
  });

  it('that promise more than they hold are refused before memory is taken for it', () => {
    const enormous = [255, 255, 255, 255, 255, 255, 255, 15];
    for (const tag of [9, 10, 11, 14, 16, 17, 24, 8]) {
      expect(() => decodeBytes(Uint8Array.from([0, tag, ...enormous])), `tag ${tag}`).toThrow(TypeError);
    }
    expect(() => decodeBytes(new Uint8Array(0))).toThrow(TypeError);
  });
});

/**
 * Looks at an addon before Linux loads it. The loader maps what the header of a file promises: where the file ends before
 * that, as after an interrupted copy, the process dies of SIGBUS. And one for another machine it calls not found.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isDenied } from './denied.js';

/** `e_machine` of the header, by `process.arch`. */
const MACHINES: Readonly<Record<string, number>> = {
  ia32: 3,
  ppc64: 21,
  s390x: 22,
  arm: 40,
  x64: 62,
  arm64: 183,
  riscv64: 243,
  loong64: 258,
};
const HEADER_BYTES = 64;
const MAGIC = 0x7f454c46;

/** Why the file cannot be loaded, or undefined: nothing speaks against it, or it cannot be looked at. */
export function elfDefect(file: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const descriptor = openSync(file, 'r');
    try {
      const header = new DataView(new ArrayBuffer(HEADER_BYTES));
      const length = readSync(descriptor, header, 0, HEADER_BYTES, 0);
      return defectOf(header, length, fstatSync(descriptor).size);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Whoever loads it will say more.
    if (isDenied(error)) return undefined;
    throw error;
  }
}

function defectOf(header: DataView, length: number, size: number): string | undefined {
  if (length < HEADER_BYTES || header.getUint32(0) !== MAGIC) return `is no program of Linux (${size} bytes)`;
  const is64Bit = header.getUint8(4) === 2;
  const littleEndian = header.getUint8(5) === 1;
  const machine = header.getUint16(18, littleEndian);
  const expected = MACHINES[process.arch] ?? machine;
  if (machine !== expected) return `is made for another machine (${machine}, not ${expected}: ${process.arch})`;
  // The table of the sections is what linkers write last.
  const start = is64Bit ? Number(header.getBigUint64(40, littleEndian)) : header.getUint32(32, littleEndian);
  const [entry, count] = is64Bit ? [58, 60] : [46, 48];
  const end = start + header.getUint16(entry, littleEndian) * header.getUint16(count, littleEndian);
  return size < end ? `has been cut short (${size} of ${end} bytes)` : undefined;
}

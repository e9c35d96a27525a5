/**
 * What a shared library exports, whether it holds names that only a debugger needs, and which versions of the C library it
 * needs: ELF, PE and Mach-O.
 *
 *   node scripts/prebuild/symbols.mjs FILE …      fails unless each exports what an addon must, and nothing else
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Text from an offset to the next zero. */
function textAt(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

function elf(bytes) {
  const wide = bytes[4] === 2;
  const address = (offset) => (wide ? Number(bytes.readBigUInt64LE(offset)) : bytes.readUInt32LE(offset));
  const sectionsAt = address(wide ? 0x28 : 0x20);
  const size = bytes.readUInt16LE(wide ? 0x3a : 0x2e);
  const count = bytes.readUInt16LE(wide ? 0x3c : 0x30);
  const sections = Array.from({ length: count }, (_, i) => {
    const at = sectionsAt + i * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: address(at + (wide ? 0x18 : 0x10)),
      size: address(at + (wide ? 0x20 : 0x14)),
      link: bytes.readUInt32LE(at + (wide ? 0x28 : 0x18)),
    };
  });
  const exported = [];
  const symbols = sections.find(({ type }) => type === 11);
  const step = wide ? 24 : 16;
  for (let at = symbols.offset + step; at < symbols.offset + symbols.size; at += step) {
    const binding = bytes[at + (wide ? 4 : 12)] >> 4;
    const section = bytes.readUInt16LE(at + (wide ? 6 : 14));
    if (section !== 0 && binding !== 0)
      exported.push(textAt(bytes, sections[symbols.link].offset + bytes.readUInt32LE(at)));
  }
  const needed = [];
  const versions = sections.find(({ type }) => type === 0x6ffffffe);
  for (let at = versions?.offset; at !== undefined; ) {
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
      needed.push(textAt(bytes, sections[versions.link].offset + bytes.readUInt32LE(entry + 8)));
      entry += bytes.readUInt32LE(entry + 12);
    }
    const next = bytes.readUInt32LE(at + 12);
    at = next === 0 ? undefined : at + next;
  }
  const isStripped = sections.every(({ type }) => type !== 2);
  return { exported, needed, isStripped };
}

function pe(bytes) {
  const header = bytes.readUInt32LE(0x3c);
  const sectionCount = bytes.readUInt16LE(header + 6);
  const optional = header + 24;
  const sectionsAt = optional + bytes.readUInt16LE(header + 20);
  const offsetOf = (address) => {
    for (let at = sectionsAt; at < sectionsAt + sectionCount * 40; at += 40) {
      const start = bytes.readUInt32LE(at + 12);
      if (address >= start && address < start + bytes.readUInt32LE(at + 16))
        return address - start + bytes.readUInt32LE(at + 20);
    }
    throw new Error('an address of the library lies in no section');
  };
  const table = offsetOf(bytes.readUInt32LE(optional + 112));
  const names = offsetOf(bytes.readUInt32LE(table + 32));
  const exported = Array.from({ length: bytes.readUInt32LE(table + 24) }, (_, i) =>
    textAt(bytes, offsetOf(bytes.readUInt32LE(names + 4 * i))),
  );
  return { exported, needed: [], isStripped: bytes.readUInt32LE(header + 12) === 0 };
}

function machO(bytes) {
  let at = 32;
  let exported;
  let isStripped = true;
  for (let left = bytes.readUInt32LE(16); left > 0; left--, at += bytes.readUInt32LE(at + 4)) {
    const command = bytes.readUInt32LE(at);
    // LC_DYLD_INFO, with and without ONLY, and LC_DYLD_EXPORTS_TRIE.
    const where = { 34: 40, 2147483682: 40, 2147483699: 8 }[command];
    if (where !== undefined) exported = [...trie(bytes, bytes.readUInt32LE(at + where))];
    // LC_SYMTAB. Zig's linker names its thunks whatever it is told.
    if (command === 2) isStripped = [...ownNames(bytes, at)].every((name) => name.endsWith('__thunk'));
  }
  if (exported === undefined) throw new Error('a Mach-O file without a table of exports');
  return { exported, needed: [], isStripped };
}

/** The names in a Mach-O file's table of symbols that are the file's own. */
function* ownNames(bytes, command) {
  const [symbols, count, names] = [8, 12, 16].map((offset) => bytes.readUInt32LE(command + offset));
  for (let at = symbols; at < symbols + 16 * count; at += 16) {
    const isExternal = (bytes[at + 4] & 1) !== 0;
    if (!isExternal) yield textAt(bytes, names + bytes.readUInt32LE(at));
  }
}

/** The names in a trie of dyld: each node has what is exported by its name, and edges that lengthen the name. */
function* trie(bytes, start, offset = start, name = '') {
  let at = offset;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const terminal = number();
  if (terminal > 0 && !OF_THE_LINKER.includes(name.slice(1))) yield name.slice(1);
  at += terminal;
  for (let left = bytes[at++]; left > 0; left--) {
    const edge = textAt(bytes, at);
    at += edge.length + 1;
    yield* trie(bytes, start, start + number(), name + edge);
  }
}

/** `exported`: names; `needed`: versions of libraries such as `GLIBC_2.17`; `isStripped`: without names for a debugger. */
export function symbolsOf(bytes) {
  if (bytes.readUInt32BE(0) === 0x7f454c46) return elf(bytes);
  if (bytes.readUInt16BE(0) === 0x4d5a) return pe(bytes);
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machO(bytes);
  throw new Error('neither ELF nor PE nor Mach-O');
}

/** What an addon of heddle exports, and nothing else. */
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** What Zig's linker for macOS exports of every library; nothing outside looks for them. */
const OF_THE_LINKER = ['__dso_handle', '_mh_dylib_header'];

/** What is wrong with a binary, in words; empty when nothing is. `glibc`: the newest version it may need. */
export function faultsOf(bytes, glibc) {
  const { exported, needed } = symbolsOf(bytes);
  const faults = [];
  if (exported.sort().join() !== EXPORTS.join()) faults.push(`it exports ${exported.join(', ') || 'nothing'}`);
  const newest = newestGlibc(needed);
  if (glibc !== undefined && compareVersions(newest, glibc) > 0)
    faults.push(`it needs glibc ${newest}, and not only ${glibc}`);
  return faults;
}

function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** The newest version among names such as GLIBC_2.17; '0' when there is none. */
export function newestGlibc(needed) {
  const versions = needed.filter((name) => name.startsWith('GLIBC_')).map((name) => name.slice('GLIBC_'.length));
  return versions.sort(compareVersions).at(-1) ?? '0';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) {
    const faults = faultsOf(readFileSync(file));
    console.log(`${file}: ${faults.length === 0 ? 'exports what it must, and nothing else' : faults.join('; ')}`);
    if (faults.length > 0) process.exitCode = 1;
  }
}

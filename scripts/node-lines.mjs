/**
 * Node binaries of every line that heddle supports: npm's `node-<platform>-<arch>` packages. The line that runs this script is used as it is.
 */
import { fetchPackage } from './fetch-package.mjs';

const VERSIONS = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
export const nodeLines = Object.keys(VERSIONS);

/** Path of a Node binary of that line, fetched if need be. */
export function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const version = VERSIONS[major];
  if (version === undefined) throw new Error(`Node ${major} is none of ${nodeLines.join(', ')}`);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return fetchPackage(name, version, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
}

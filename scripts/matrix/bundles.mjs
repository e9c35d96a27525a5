/**
 * How a program is bundled with each bundler: with heddle left out, by the option that docs/bundling.md names, or, as it
 * is to be refused, with heddle in it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fetchPackage } from '../fetch-package.mjs';

const require = createRequire(import.meta.url);
const WEBPACK = '5.112.2';
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
const heddle = /^heddle(\/|$)/;

async function withEsbuild({ entry, whole }, format, outfile) {
  const { build } = await import('esbuild');
  const external = whole ? [] : ['heddle'];
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format,
    external,
    outfile,
    minify: true,
    logLevel: 'silent',
  });
  return outfile;
}

async function withRolldown({ entry, whole }, format, file) {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({ input: entry, platform: 'node', external: whole ? [] : heddle, onLog() {} });
  await bundle.write({ format, file, codeSplitting: false });
  await bundle.close();
  return file;
}

/** The build of a server, which leaves out what is installed, unless it is told not to. */
async function withVite({ entry, home, out, whole }) {
  const { build } = await import('vite');
  const ssr = whole ? { noExternal: ['heddle'] } : { external: ['heddle'] };
  const rolldownOptions = { output: { entryFileNames: 'bundle.mjs' } };
  const target = { ssr: entry, outDir: out, rolldownOptions };
  await build({ root: home, configFile: false, logLevel: 'silent', build: target, ssr });
  return join(out, 'bundle.mjs');
}

async function withWebpack({ entry, out, whole }, externalsType, output) {
  const webpack = require(fetchPackage('webpack', WEBPACK, 'lib/index.js'));
  const config = {
    entry,
    mode: 'production',
    target: 'node20',
    externals: whole ? [] : [heddle],
    externalsType,
    // What it would make of the files that heddle's modules name is nothing that it can minify.
    optimization: { minimize: !whole },
    output: { path: out, ...output },
    experiments: { outputModule: output.module ?? false },
  };
  const stats = await new Promise((resolve, reject) => {
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  return join(out, output.filename);
}

/** `option`: what leaves heddle out. */
export const bundles = [
  {
    name: 'esbuild',
    version: versionOf('esbuild'),
    format: 'ES module',
    option: "external: ['heddle']",
    write: (job) => withEsbuild(job, 'esm', join(job.out, 'bundle.mjs')),
  },
  {
    name: 'esbuild',
    version: versionOf('esbuild'),
    format: 'CommonJS',
    option: "external: ['heddle']",
    write: (job) => withEsbuild(job, 'cjs', join(job.out, 'bundle.cjs')),
  },
  {
    name: 'Vite',
    version: versionOf('vite'),
    format: 'ES module',
    option: "ssr: { external: ['heddle'] }",
    write: withVite,
  },
  {
    name: 'Rolldown',
    version: versionOf('rolldown'),
    format: 'ES module',
    option: 'external: /^heddle(\\/|$)/',
    write: (job) => withRolldown(job, 'esm', join(job.out, 'bundle.mjs')),
  },
  {
    name: 'Rolldown',
    version: versionOf('rolldown'),
    format: 'CommonJS',
    option: 'external: /^heddle(\\/|$)/',
    write: (job) => withRolldown(job, 'cjs', join(job.out, 'bundle.cjs')),
  },
  {
    name: 'webpack',
    version: WEBPACK,
    format: 'ES module',
    option: "externals: [/^heddle(\\/|$)/], externalsType: 'module'",
    write: (job) => withWebpack(job, 'module', { filename: 'bundle.mjs', module: true }),
  },
  {
    name: 'webpack',
    version: WEBPACK,
    format: 'CommonJS',
    option: "externals: [/^heddle(\\/|$)/], externalsType: 'commonjs'",
    write: (job) => withWebpack(job, 'commonjs', { filename: 'bundle.cjs' }),
  },
];

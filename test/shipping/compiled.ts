/** Makes the TypeScript program of `fixtures/app` runnable in the ways in which people do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import ts from 'typescript';

export const app = fileURLToPath(new URL('./fixtures/app/', import.meta.url));

export async function withEsbuild(directory: string, format: 'esm' | 'cjs', minify: boolean): Promise<string> {
  const outfile = join(directory, `esbuild-${minify ? 'small' : 'plain'}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await esbuild({
    entryPoints: [join(app, format === 'esm' ? 'main.ts' : 'main-commonjs.ts')],
    outfile,
    format,
    minify,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['heddle'],
    logLevel: 'silent',
  });
  return outfile;
}

export async function withRolldown(directory: string, format: 'esm' | 'cjs', minify: boolean): Promise<string> {
  const file = join(directory, `rolldown-${minify ? 'small' : 'plain'}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  const bundle = await rolldown({
    input: join(app, format === 'esm' ? 'main.ts' : 'main-commonjs.ts'),
    platform: 'node',
    external: ['heddle'],
  });
  await bundle.write({ file, format, minify });
  await bundle.close();
  return file;
}

/** Each module by itself, as `tsc` with `module: commonjs` writes it. */
export function withTypeScript(directory: string, module: ts.ModuleKind, target: ts.ScriptTarget): string {
  const extension = module === ts.ModuleKind.CommonJS ? 'cjs' : 'mjs';
  const entry = module === ts.ModuleKind.CommonJS ? 'main-commonjs' : 'main';
  for (const name of [entry, 'program', 'tasks', 'shapes']) {
    const { outputText } = ts.transpileModule(readFileSync(join(app, `${name}.ts`), 'utf8'), {
      fileName: `${name}.ts`,
      compilerOptions: { module, target, esModuleInterop: true, rewriteRelativeImportExtensions: true },
    });
    writeFileSync(join(directory, `${name}.${extension}`), outputText.replaceAll(/(\.\/\w+)\.js/g, `$1.${extension}`));
  }
  return join(directory, `${entry}.${extension}`);
}

/**
 * The forms that the code of a chunk takes, see `gather-modules.mjs`. What stood on a line stays there, for the sake of the
 * source map.
 */
import { parseSync } from 'rolldown/utils';

/**
 * What tsc has written, with the numbers that members of imported objects are in place of the members. V8 inlines functions
 * by the size of their bytecode, in which a member takes several times as much as a number.
 *
 * @param numbersOf By the specifier of an import, the objects that have such members; undefined for other modules.
 */
export function withNumbers(code, name, numbersOf) {
  const { module, program } = parseSync(name, code);
  const objects = new Map();
  for (const { moduleRequest, entries } of module.staticImports) {
    const exported = numbersOf(moduleRequest.value) ?? {};
    for (const { importName, localName } of entries) {
      const object = exported[importName.name];
      if (object?.constructor === Object) objects.set(localName.value, new Map(Object.entries(object)));
    }
  }
  if (objects.size === 0) return code;
  const edits = [];
  const visit = (node) => {
    const object = node.type === 'MemberExpression' && !node.computed ? objects.get(node.object.name) : undefined;
    const number = object?.get(node.property.name);
    if (typeof number === 'number')
      edits.push({ start: node.start, end: node.end, text: number < 0 ? `(${number})` : `${number}` });
    const declared = /Declarator|Declaration|Function|Class|Catch/.test(node.type)
      ? [node.id, node.param, ...(node.params ?? [])]
      : [];
    for (const { name: hidden } of declared.filter(Boolean))
      if (objects.has(hidden))
        throw new Error(`${name}: ${hidden} is an object of constants; give what hides it another name`);
    for (const child of Object.values(node).flat()) if (typeof child?.type === 'string') visit(child);
  };
  visit(program);
  return edited(code, edits);
}

/** The text of rolldown's own functions, on one line. */
export function runtimeOf(code) {
  return code
    .replaceAll(/^(?:import|export) .*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Code that has those functions itself instead of importing them: they would be one more file to read. */
export function withRuntime(code, runtime) {
  const statement = /^import (\{.*\} from )?"[^"]*\/rolldown-runtime\.js";$/m;
  return code.replace(statement, (_, names) => (names === undefined ? '' : runtime));
}

/**
 * A chunk of ES modules that lets those use its bindings that are loaded on demand.
 *
 * @param ground The chunk that has `provide`: itself, or another one.
 */
export function providing(code, file, ground) {
  const provide = file === ground ? 'provide' : '$provide';
  const loader = file === ground ? '' : `import { provide as $provide } from "./${ground}"; `;
  const end = `${loader}import * as $own from "./${file}"; ${provide}("${file}", $own);\n`;
  return code.replace(/^(?=\/\/# sourceMappingURL=)/m, end);
}

/**
 * CommonJS of a chunk, line by line what it was: the function that `chunkAt` calls. And the ES module that has it loaded,
 * for those who import it.
 *
 * @param atRun The name by which `chunkAt` knows a chunk of that file.
 */
export function loadable(code, file, ground, atRun) {
  const { staticImports, staticExports, importMetas } = parseSync(file, code).module;
  const others = staticImports
    .map(({ moduleRequest }) => moduleRequest.value)
    .filter((specifier) => specifier.startsWith('./'));
  const exported = staticExports.flatMap(({ entries }) => entries);
  const pairs = exported.map(({ exportName, localName }) => pair(exportName.name, localName.name));
  const text = edited(code, [
    ...importMetas.map((span) => ({ ...span, text: 'meta' })),
    ...staticImports.map((statement) => {
      const specifier = statement.moduleRequest.value;
      const source = specifier.startsWith('./') ? `chunkAt("${atRun(specifier.slice(2))}")` : builtin(specifier);
      return { ...statement, text: constants(statement.entries, source) };
    }),
    ...staticExports.map((statement) => ({ ...statement, text: `return { ${pairs.join(', ')} }; });` })),
  ]);
  const imports = others.map((specifier) => `import "${specifier}";\n`).join('');
  const names = exported.map(({ exportName }) => exportName.name).join(', ');
  return {
    // In parentheses: V8 compiles it once and for all, instead of skimming it first.
    required: `"use strict"; module.exports = ((chunkAt, meta) => { ${text}`,
    imported: `import { chunkAt } from "./${ground}";\n${imports}export const { ${names} } = chunkAt("${atRun(file)}");\n`,
  };
}

/**
 * Code that has what it imports from chunks on demand by `chunkAt`. That of a public face does not load them: it exports
 * stand-ins.
 *
 * @param demands By file of such a chunk, by what name `chunkAt` knows it and the ES modules that it needs.
 */
export function withDemands(code, isFace, demands) {
  const { staticImports } = parseSync('chunk.js', code).module;
  const edits = [];
  const imports = new Set();
  for (const { start, end, moduleRequest, entries } of staticImports) {
    const [, folder, file] = /^(.*\/)([^/]+)$/.exec(moduleRequest.value) ?? [];
    const demand = demands.get(file);
    if (demand === undefined || entries.length === 0) continue;
    for (const module of demand.modules) imports.add(`import "${folder}${module}";`);
    const text = isFace ? standIns(entries, demand.chunk) : constants(entries, `$chunkAt("${demand.chunk}")`);
    edits.push({ start, end, text });
    imports.add(`import { ${isFace ? 'standIn as $standIn' : 'chunkAt as $chunkAt'} } from "${folder}ground.js";`);
  }
  const [first] = edits;
  if (first !== undefined) first.text = `${[...imports].join(' ')} ${first.text}`;
  return edited(code, edits);
}

function standIns(entries, chunk) {
  return entries
    .map(({ importName, localName }) => `const ${localName.value} = $standIn("${chunk}", "${importName.name}");`)
    .join(' ');
}

/** Code that has Node's own modules from `process`: to import them takes longer, as Node.js makes ES modules of them. */
export function withBuiltins(code) {
  const { staticImports } = parseSync('chunk.js', code).module;
  const builtins = staticImports.filter(({ moduleRequest }) => moduleRequest.value.startsWith('node:'));
  return edited(
    code,
    builtins.map(({ start, end, moduleRequest, entries }) => {
      return { start, end, text: constants(entries, builtin(moduleRequest.value)) };
    }),
  );
}

function builtin(specifier) {
  return `process.getBuiltinModule("${specifier}")`;
}

/** What is imported, as constants from an object that has it. */
function constants(entries, source) {
  const isNamed = ({ importName }) => importName.kind === 'Name';
  const whole = entries.filter((entry) => !isNamed(entry)).map(({ localName }) => localName.value);
  const named = entries.filter(isNamed).map(({ importName, localName }) => pair(importName.name, localName.value));
  const targets = named.length > 0 ? [...whole, `{ ${named.join(', ')} }`] : whole;
  return targets.map((target) => `const ${target} = ${source};`).join(' ');
}

function pair(name, local) {
  return name === local ? name : `${name}: ${local}`;
}

/** A text with other texts in places of it. */
function edited(text, edits) {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: put }) => text.slice(0, start) + put + text.slice(end), text);
}

/** V8 keeps text of ASCII in one byte a character, other text in two. Without comments, escapes mean the same. */
export function asciiOf(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

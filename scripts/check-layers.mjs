/**
 * Checks that imports in `lib/` point one way (see LAYERS), that no two folders import each other in a
 * circle, and that the public faces, the files directly in `lib/`, hold re-exports only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** From the ground up: a folder imports from itself and from lower lines only. Folders of one line do not know each other. */
const LAYERS = [
  ['errors.ts'],
  ['memory'],
  ['engine'],
  ['sync'],
  ['codec'],
  ['shipping'],
  ['shared', 'queues'],
  ['channels'],
  ['threads', 'parallel'],
  ['processes'],
  ['executors'],
];

const lib = fileURLToPath(new URL('../lib/', import.meta.url));
const problems = [];

const level = new Map();
LAYERS.forEach((folders, height) => {
  for (const folder of folders) level.set(folder, height);
});

/** The folder a file of lib/ belongs to, or, directly in lib/, the file itself. */
function roomOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file;
}

function isFace(room) {
  return room.endsWith('.ts') && !level.has(room);
}

/** Every module specifier of a source file, dynamic imports and type imports included. */
function importsOf(source) {
  const found = [];
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      found.push(node.moduleSpecifier);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (node.arguments[0] && ts.isStringLiteral(node.arguments[0])) found.push(node.arguments[0]);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push(node.argument.literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
for (const file of files.sort()) {
  const source = ts.createSourceFile(file, readFileSync(join(lib, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const room = roomOf(file);
  const place = (node) => `lib/${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;

  if (isFace(room)) {
    for (const statement of source.statements) {
      const reexport = ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
      const forItsEffect = ts.isImportDeclaration(statement) && statement.importClause === undefined;
      if (!reexport && !forItsEffect) problems.push(`${place(statement)}: a public face holds re-exports only`);
    }
    continue;
  }
  if (!level.has(room)) {
    problems.push(`lib/${file}: ${room} has no place in the layers`);
    continue;
  }
  for (const specifier of importsOf(source)) {
    if (!specifier.text.startsWith('.')) continue;
    const target = normalize(join(dirname(file), specifier.text)).replaceAll('\\', '/');
    const other = roomOf(target.replace(/\.js$/, '.ts'));
    if (target.startsWith('..')) {
      problems.push(`${place(specifier)}: imports ${relative(lib, join(lib, target))}, outside of lib/`);
    } else if (isFace(other)) {
      problems.push(`${place(specifier)}: imports the public face ${other}; import what is behind it`);
    } else if (!level.has(other)) {
      problems.push(`${place(specifier)}: ${other} has no place in the layers`);
    } else if (other !== room && level.get(other) >= level.get(room)) {
      problems.push(`${place(specifier)}: ${room} must not import ${other}, which is not below it`);
    }
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`layers: ${files.length} files, every import points down`);

/** A script taken apart: its functions, what it exports, and which of its variables are imports. */
import type { AnyNode } from 'acorn';
import { onDemand } from '../engine/on-demand.js';
import type { LoadedScript } from './inspection.js';
import type { FunctionSite, ScriptScopes, Variable } from './scope-model.js';
import { analyseScopes } from './scopes.js';
import { namesOf } from './syntax-tree.js';

const acorn = onDemand<typeof import('acorn')>('acorn');

/** What a variable is imported from. */
export interface ImportBinding {
  readonly specifier: string;
  /** Name of the export; `*` for the namespace, or for `module.exports` when `style` is `require`. */
  readonly name: string;
  /**
   * How the module was asked for: by `import`, by `require`, or by `require` with the helper by
   * which compilers dress a CommonJS module as a namespace (`default` and the named exports).
   */
  readonly style: 'import' | 'require' | 'interop';
}

/** Helpers of TypeScript, Babel and esbuild around `require`. */
const INTEROP =
  /^_{0,2}(importDefault|importStar|toESM|interopRequireDefault|interopRequireWildcard|interop_require_default|interop_require_wildcard)\d*$/;
/** What Vite and Vitest make of `import`. */
const VITE_IMPORT = /^__vi(te)?_(ssr_)?import__$/;
export const VITE_META = /^__vi(te)?_(ssr_)?import_meta__$/;
export const VITE_DYNAMIC_IMPORT = /^__vi(te)?_(ssr_)?dynamic_import__$/;

/** First characters of the scripts that the receiving side compiles. */
export const SHIPPED_MARK = '/*heddle*/';

export class Script {
  readonly url: string;
  readonly isModule: boolean;
  readonly source: string;
  readonly scopes: ScriptScopes;
  /** Made from a shipped function: its outermost variables are captured ones. */
  readonly isShipped: boolean;
  /** Export name of the functions and classes that are exported where they stand. */
  readonly exportedSites = new Map<AnyNode, string>();
  readonly exportedVariables = new Map<Variable, string>();
  readonly #imports = new Map<Variable, ImportBinding | undefined>();
  readonly #specifierSources = new Map<AnyNode, string>();
  readonly #startLine: number;
  readonly #startColumn: number;
  #lineStarts: number[] | undefined;

  constructor(loaded: LoadedScript) {
    this.url = loaded.url;
    this.isModule = loaded.isModule;
    this.source = loaded.source;
    this.isShipped = loaded.source.startsWith(SHIPPED_MARK);
    this.#startLine = loaded.startLine;
    this.#startColumn = loaded.startColumn;
    const program = acorn().parse(loaded.source, {
      ecmaVersion: 'latest',
      sourceType: loaded.isModule ? 'module' : 'script',
      allowHashBang: true,
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: loaded.isModule,
      allowSuperOutsideMethod: true,
      checkPrivateFields: false,
    });
    this.scopes = analyseScopes(program, loaded.isModule);
    if (loaded.isModule) this.#readModule(program.body);
  }

  /** The function whose `toString` is `text`, at the place the inspector gave. */
  siteAt(text: string, line: number, column: number): FunctionSite | undefined {
    const offset = this.#offset(line, column);
    const matches = this.scopes.sites.filter((site) => {
      const start = site.end - text.length;
      const fits = site.form === 'method' || site.form === 'accessor' ? start >= site.start : start === site.start;
      return fits && this.source.startsWith(text, start);
    });
    return (
      matches.find(
        (site) => site.end - text.length <= offset && offset < site.end && this.#nearest(matches, offset) === site,
      ) ?? (matches.length === 1 ? matches[0] : undefined)
    );
  }

  /** What `variable` is imported from, if it is. */
  importOf(variable: Variable): ImportBinding | undefined {
    if (!this.#imports.has(variable)) this.#imports.set(variable, this.#findImport(variable));
    return this.#imports.get(variable);
  }

  /** Line and column, from 0, as stack traces of the script count them (less 1). */
  positionOf(offset: number): { line: number; column: number } {
    const starts = this.#lines();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    const column = offset - (starts[low] as number);
    return { line: low + this.#startLine, column: low === 0 ? column + this.#startColumn : column };
  }

  #nearest(sites: readonly FunctionSite[], offset: number): FunctionSite | undefined {
    let best: FunctionSite | undefined;
    for (const site of sites)
      if (site.start <= offset && offset < site.end && (best === undefined || site.start >= best.start)) best = site;
    return best;
  }

  #offset(line: number, column: number): number {
    const starts = this.#lines();
    const row = line - this.#startLine;
    return (starts[row] ?? this.source.length) + (row === 0 ? column - this.#startColumn : column);
  }

  /** Offsets at which lines begin. */
  #lines(): number[] {
    if (this.#lineStarts === undefined) {
      this.#lineStarts = [0];
      for (const end of this.source.matchAll(/\r\n|[\n\r\u2028\u2029]/g))
        this.#lineStarts.push(end.index + end[0].length);
    }
    return this.#lineStarts;
  }

  #readModule(body: readonly AnyNode[]): void {
    const top = this.scopes.top.variables;
    const exportVariable = (local: string, name: string): void => {
      const variable = top.get(local);
      if (variable !== undefined) this.exportedVariables.set(variable, name);
    };
    for (const statement of body) {
      if (statement.type === 'ImportDeclaration') {
        for (const specifier of statement.specifiers)
          this.#specifierSources.set(specifier, String(statement.source.value));
      } else if (statement.type === 'ExportNamedDeclaration' && !statement.source) {
        const declaration = statement.declaration;
        if (declaration?.type === 'VariableDeclaration') {
          for (const declarator of declaration.declarations)
            for (const name of namesOf(declarator.id)) exportVariable(name.name, name.name);
        } else if (declaration) {
          exportVariable(declaration.id.name, declaration.id.name);
        }
        for (const specifier of statement.specifiers)
          exportVariable(nameOf(specifier.local), nameOf(specifier.exported));
      } else if (statement.type === 'ExportDefaultDeclaration') {
        const declaration = statement.declaration;
        if ((declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id)
          exportVariable(declaration.id.name, 'default');
        else if (declaration.type === 'Identifier') exportVariable(declaration.name, 'default');
        else this.exportedSites.set(declaration, 'default');
      }
    }
    for (const [variable, name] of this.exportedVariables) {
      if (variable.reassigned) continue;
      const { declaration } = variable;
      if (declaration.type === 'VariableDeclarator' && declaration.id.type === 'Identifier' && declaration.init)
        this.exportedSites.set(declaration.init, name);
      else this.exportedSites.set(declaration, name);
    }
  }

  #findImport(variable: Variable): ImportBinding | undefined {
    const { declaration } = variable;
    if (variable.kind === 'import') {
      const specifier = this.#specifierSources.get(declaration) as string;
      if (declaration.type === 'ImportSpecifier')
        return { specifier, name: nameOf(declaration.imported), style: 'import' };
      return { specifier, name: declaration.type === 'ImportDefaultSpecifier' ? 'default' : '*', style: 'import' };
    }
    if (declaration.type !== 'VariableDeclarator' || !declaration.init || variable.reassigned) return undefined;
    const whole = importExpression(declaration.init);
    if (whole === undefined) return undefined;
    if (declaration.id.type === 'Identifier') return whole;
    if (declaration.id.type !== 'ObjectPattern' || whole.name !== '*') return undefined;
    for (const property of declaration.id.properties) {
      if (
        property.type !== 'Property' ||
        property.computed ||
        property.value.type !== 'Identifier' ||
        property.value.name !== variable.name
      )
        continue;
      if (property.key.type === 'Identifier') return { ...whole, name: property.key.name };
    }
    return undefined;
  }
}

/** `require('x')`, `require('x').y`, `await import('x')`, and what compilers and Vite write for an import. */
function importExpression(node: AnyNode): ImportBinding | undefined {
  if (node.type === 'AwaitExpression') {
    const { argument } = node;
    if (argument.type === 'ImportExpression') return literalImport(argument.source, 'import');
    if (argument.type !== 'CallExpression' || argument.callee.type !== 'Identifier') return undefined;
    if (VITE_IMPORT.test(argument.callee.name) || VITE_DYNAMIC_IMPORT.test(argument.callee.name))
      return literalImport(argument.arguments[0], 'import');
    return undefined;
  }
  if (node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier') {
    const whole = importExpression(node.object);
    return whole?.name === '*' ? { ...whole, name: node.property.name } : undefined;
  }
  if (node.type !== 'CallExpression') return undefined;
  const { callee } = node;
  if (callee.type === 'Identifier' && callee.name === 'require') return literalImport(node.arguments[0], 'require');
  const helper =
    callee.type === 'Identifier'
      ? callee.name
      : callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
        ? callee.property.name
        : '';
  if (!INTEROP.test(helper) || node.arguments[0] === undefined) return undefined;
  const inner = importExpression(node.arguments[0]);
  return inner?.style === 'require' && inner.name === '*' ? { ...inner, style: 'interop' } : undefined;
}

function literalImport(node: AnyNode | undefined, style: ImportBinding['style']): ImportBinding | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string'
    ? { specifier: node.value, name: '*', style }
    : undefined;
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as { value?: unknown }).value);
}

/**
 * Scope analysis of one script: which variable every identifier means.
 *
 * A single walk over the syntax tree declares the names of each scope before it visits what is
 * inside, so every reference can be resolved on the spot. The result is flat lists sorted by
 * position: the free variables of a function are the references within its range whose variable is
 * declared outside of it.
 */
import type { AnyNode, CallExpression, Identifier, Pattern, Program } from 'acorn';

export type FunctionNode = Extract<
  AnyNode,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>;
export type ClassNode = Extract<AnyNode, { type: 'ClassDeclaration' | 'ClassExpression' }>;

export type VariableKind =
  | 'import'
  | 'const'
  | 'let'
  | 'var'
  | 'function'
  | 'class'
  | 'parameter'
  | 'catch'
  | 'own name';

export interface Scope {
  readonly parent: Scope | undefined;
  readonly node: AnyNode;
  /** `var` declarations land here. */
  readonly isFunction: boolean;
  readonly variables: Map<string, Variable>;
}

export interface Variable {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: VariableKind;
  /** ImportSpecifier and kin, VariableDeclarator, FunctionDeclaration, ClassDeclaration, or the pattern of a parameter. */
  readonly declaration: AnyNode;
  /** Written anywhere beside its one initialisation. */
  reassigned: boolean;
}

export interface Reference {
  readonly node: Identifier;
  /** Undefined: not declared in this script, so a global or a parameter of the module wrapper. */
  readonly variable: Variable | undefined;
  readonly write: boolean;
  /** `{ name }`: replacing it takes the key along. */
  readonly shorthand: boolean;
  /** Called as a plain function or template tag: replacing it by a member expression must not pass a `this`. */
  readonly callee: boolean;
  /** `name.member`: the one property that is used, when it is known. */
  readonly member: string | undefined;
  /** Innermost function, or class field initialiser, that runs later than the code around it. */
  readonly deferredBy: AnyNode | undefined;
}

export type SpecialKind =
  | 'this'
  | 'super'
  | 'new.target'
  | 'arguments'
  | 'eval'
  | 'with'
  | 'import.meta'
  | 'import()'
  | 'private name';

/** A construct that a function may take from its surroundings. */
export interface Special {
  readonly kind: SpecialKind;
  readonly node: AnyNode;
  /** What provides it: the function that binds `this`, the class that declares the private name; undefined when unbound or not bindable. */
  readonly boundBy: AnyNode | undefined;
  readonly name?: string;
}

/** A function or class of the script, in the form that `toString` shows. */
export interface FunctionSite {
  readonly node: FunctionNode | ClassNode;
  /** Where the text of `toString` begins: at the key for methods. */
  readonly start: number;
  readonly end: number;
  readonly form: 'function' | 'arrow' | 'class' | 'method' | 'accessor';
  /** Methods: the key, to be replaced when it is computed or private. */
  readonly key?: AnyNode;
  readonly computed?: boolean;
  readonly strict: boolean;
}

export interface ScriptScopes {
  readonly top: Scope;
  readonly references: readonly Reference[];
  readonly specials: readonly Special[];
  readonly sites: readonly FunctionSite[];
}

interface Context {
  readonly scope: Scope;
  readonly strict: boolean;
  /** Function that provides `this`, `arguments` and `new.target`. */
  readonly thisBinder: AnyNode | undefined;
  readonly deferredBy: AnyNode | undefined;
  readonly privateNames: PrivateNames | undefined;
  /** The `for` statement whose last part this is: each turn has variables of its own, and this writes to the next turn's. */
  readonly stepOf: AnyNode | undefined;
}

interface PrivateNames {
  readonly parent: PrivateNames | undefined;
  readonly names: ReadonlySet<string>;
  readonly node: AnyNode;
}

export function analyseScopes(program: Program, isModule: boolean): ScriptScopes {
  const references: Reference[] = [];
  const specials: Special[] = [];
  const sites: FunctionSite[] = [];
  const top: Scope = { parent: undefined, node: program, isFunction: true, variables: new Map() };

  const declare = (scope: Scope, name: string, kind: VariableKind, declaration: AnyNode): void => {
    const known = scope.variables.get(name);
    if (known === undefined) scope.variables.set(name, { name, scope, kind, declaration, reassigned: false });
    // A second declaration (var, or a sloppy function) initialises the name again.
    else known.reassigned = true;
  };

  const declarePattern = (scope: Scope, pattern: AnyNode, kind: VariableKind, declaration: AnyNode): void => {
    for (const name of namesOf(pattern)) declare(scope, name.name, kind, declaration);
  };

  /** `var` names of a function body, wherever they stand in it. */
  const hoistVars = (scope: Scope, node: AnyNode): void => {
    if (isFunctionNode(node) || isClassNode(node)) return;
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      for (const declarator of node.declarations) declarePattern(scope, declarator.id, 'var', declarator);
    }
    for (const child of childrenOf(node)) if (holdsStatements(child)) hoistVars(scope, child);
  };

  /** Names that belong to the block itself. */
  const declareLexical = (scope: Scope, statements: readonly AnyNode[]): void => {
    for (const statement of statements) {
      const inner =
        statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
          ? (statement.declaration as AnyNode | null)
          : statement;
      if (inner === null || inner === undefined) continue;
      if (inner.type === 'VariableDeclaration' && inner.kind !== 'var') {
        for (const declarator of inner.declarations)
          declarePattern(scope, declarator.id, inner.kind === 'const' ? 'const' : 'let', declarator);
      } else if (inner.type === 'FunctionDeclaration' && inner.id !== null) {
        declare(scope, inner.id.name, 'function', inner);
      } else if (inner.type === 'ClassDeclaration' && inner.id !== null) {
        declare(scope, inner.id.name, 'class', inner);
      } else if (inner.type === 'ImportDeclaration') {
        for (const specifier of inner.specifiers) declare(scope, specifier.local.name, 'import', specifier);
      } else if (inner.type === 'LabeledStatement') {
        declareLexical(scope, [inner.body]);
      }
    }
  };

  const lookUp = (scope: Scope | undefined, name: string): Variable | undefined => {
    for (let at = scope; at !== undefined; at = at.parent) {
      const variable = at.variables.get(name);
      if (variable !== undefined) return variable;
    }
    return undefined;
  };

  const refer = (
    node: Identifier,
    context: Context,
    write: boolean,
    shorthand = false,
    callee = false,
    member?: string,
  ): void => {
    const variable = lookUp(context.scope, node.name);
    if (variable === undefined && node.name === 'arguments') {
      bindingSpecial('arguments', node, context);
      return;
    }
    if (write && variable !== undefined && (context.stepOf === undefined || variable.scope.node !== context.stepOf))
      variable.reassigned = true;
    references.push({ node, variable, write, shorthand, callee, member, deferredBy: context.deferredBy });
  };

  const bindingSpecial = (kind: SpecialKind, node: AnyNode, context: Context): void => {
    specials.push({ kind, node, boundBy: context.thisBinder });
  };

  const privateName = (node: AnyNode & { name: string }, context: Context): void => {
    let names = context.privateNames;
    while (names !== undefined && !names.names.has(node.name)) names = names.parent;
    specials.push({ kind: 'private name', node, boundBy: names?.node, name: node.name });
  };

  /** Targets of an assignment, a declaration (`declared`) or a parameter list. */
  const visitPattern = (node: AnyNode, context: Context, declared: boolean): void => {
    switch (node.type) {
      case 'Identifier':
        if (!declared) refer(node, context, true);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') {
            visitPattern(property.argument, context, declared);
            continue;
          }
          if (property.computed) visit(property.key, context);
          if (property.shorthand && !declared) {
            const value = property.value as AnyNode;
            if (value.type === 'AssignmentPattern') {
              refer(value.left as Identifier, context, true, true);
              visit(value.right, context);
            } else {
              refer(value as Identifier, context, true, true);
            }
          } else {
            visitPattern(property.value, context, declared);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element !== null) visitPattern(element, context, declared);
        return;
      case 'RestElement':
        visitPattern(node.argument, context, declared);
        return;
      case 'AssignmentPattern':
        visitPattern(node.left, context, declared);
        visit(node.right, context);
        return;
      default:
        visit(node, context);
    }
  };

  const visitFunction = (
    node: FunctionNode,
    context: Context,
    method?: Omit<FunctionSite, 'node' | 'strict'>,
  ): void => {
    const body = node.body as AnyNode;
    const strict = context.strict || (body.type === 'BlockStatement' && hasUseStrict(body.body));
    const arrow = node.type === 'ArrowFunctionExpression';
    sites.push({ node, start: node.start, end: node.end, form: arrow ? 'arrow' : 'function', ...method, strict });

    let outer = context.scope;
    if (node.type === 'FunctionExpression' && node.id) {
      outer = { parent: outer, node, isFunction: false, variables: new Map() };
      declare(outer, node.id.name, 'own name', node);
    }
    const scope: Scope = { parent: outer, node, isFunction: true, variables: new Map() };
    for (const parameter of node.params) declarePattern(scope, parameter, 'parameter', parameter);
    const inner: Context = {
      scope,
      strict,
      thisBinder: arrow ? context.thisBinder : node,
      deferredBy: node,
      privateNames: context.privateNames,
      stepOf: undefined,
    };
    if (body.type === 'BlockStatement') {
      hoistVars(scope, body);
      declareLexical(scope, body.body);
    }
    for (const parameter of node.params) visitPattern(parameter, inner, true);
    if (body.type === 'BlockStatement') for (const statement of body.body) visit(statement, inner);
    else visit(body, inner);
  };

  const visitClass = (node: ClassNode, context: Context): void => {
    sites.push({ node, start: node.start, end: node.end, form: 'class', strict: true });
    const scope: Scope = { parent: context.scope, node, isFunction: false, variables: new Map() };
    if (node.id) declare(scope, node.id.name, 'own name', node);
    const names = new Set<string>();
    for (const element of node.body.body)
      if ('key' in element && element.key.type === 'PrivateIdentifier') names.add(element.key.name);
    const inner: Context = {
      ...context,
      scope,
      strict: true,
      privateNames: { parent: context.privateNames, names, node },
    };
    if (node.superClass) visit(node.superClass, inner);
    for (const element of node.body.body) {
      if (element.type === 'StaticBlock') {
        const block: Scope = { parent: scope, node: element, isFunction: true, variables: new Map() };
        for (const statement of element.body) hoistVars(block, statement);
        declareLexical(block, element.body);
        for (const statement of element.body) visit(statement, { ...inner, scope: block, thisBinder: element });
        continue;
      }
      if (element.computed) visit(element.key, inner);
      if (element.type === 'MethodDefinition') {
        visitFunction(
          element.value,
          inner,
          methodSite(element, element.value, element.kind === 'get' || element.kind === 'set'),
        );
      } else if (element.value) {
        visit(element.value, {
          ...inner,
          thisBinder: element,
          deferredBy: element.static ? inner.deferredBy : element,
        });
      }
    }
  };

  const visitBlock = (
    node: AnyNode,
    statements: readonly AnyNode[],
    context: Context,
    prepare?: (scope: Scope) => void,
  ): Context => {
    const scope: Scope = { parent: context.scope, node, isFunction: false, variables: new Map() };
    prepare?.(scope);
    declareLexical(scope, statements);
    return { ...context, scope };
  };

  const visitCall = (node: CallExpression, context: Context): void => {
    if (node.callee.type === 'Identifier') {
      if (node.callee.name === 'eval' && !node.optional) specials.push({ kind: 'eval', node, boundBy: undefined });
      refer(node.callee, context, false, false, true);
    } else {
      visit(node.callee, context);
    }
    for (const argument of node.arguments) visit(argument, context);
  };

  const visit = (node: AnyNode, context: Context): void => {
    switch (node.type) {
      case 'Identifier':
        refer(node, context, false);
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        visitFunction(node, context);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        visitClass(node, context);
        return;
      case 'BlockStatement': {
        const inner = visitBlock(node, node.body, context);
        for (const statement of node.body) visit(statement, inner);
        return;
      }
      case 'SwitchStatement': {
        visit(node.discriminant, context);
        const inner = visitBlock(
          node,
          node.cases.flatMap((clause) => clause.consequent),
          context,
        );
        for (const clause of node.cases) {
          if (clause.test) visit(clause.test, inner);
          for (const statement of clause.consequent) visit(statement, inner);
        }
        return;
      }
      case 'ForStatement': {
        const inner = visitBlock(node, node.init?.type === 'VariableDeclaration' ? [node.init] : [], context);
        for (const part of [node.init, node.test, node.body]) if (part) visit(part, inner);
        if (node.update) visit(node.update, { ...inner, stepOf: node });
        return;
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = visitBlock(node, node.left.type === 'VariableDeclaration' ? [node.left] : [], context);
        if (node.left.type === 'VariableDeclaration') visit(node.left, inner);
        else visitPattern(node.left, inner, false);
        visit(node.right, inner);
        visit(node.body, inner);
        return;
      }
      case 'CatchClause': {
        const inner = visitBlock(node, [], context, (scope) => {
          if (node.param) declarePattern(scope, node.param, 'catch', node.param);
        });
        if (node.param) visitPattern(node.param, inner, true);
        visit(node.body, inner);
        return;
      }
      case 'VariableDeclarator':
        visitPattern(node.id, context, true);
        if (node.init) visit(node.init, context);
        return;
      case 'AssignmentExpression':
        visitPattern(node.left, context, false);
        visit(node.right, context);
        return;
      case 'UpdateExpression':
        visitPattern(node.argument, context, false);
        return;
      case 'CallExpression':
        visitCall(node, context);
        return;
      case 'TaggedTemplateExpression':
        if (node.tag.type === 'Identifier') refer(node.tag, context, false, false, true);
        else visit(node.tag, context);
        visit(node.quasi, context);
        return;
      case 'MemberExpression':
        if (node.object.type === 'Identifier') refer(node.object, context, false, false, false, memberName(node));
        else visit(node.object, context);
        if (node.computed || node.property.type === 'PrivateIdentifier') visit(node.property, context);
        return;
      case 'Property': {
        if (node.computed) visit(node.key, context);
        const value = node.value as AnyNode;
        if (node.shorthand) refer(value as Identifier, context, false, true);
        else if ((node.method || node.kind !== 'init') && value.type === 'FunctionExpression')
          visitFunction(value, context, methodSite(node, value, node.kind !== 'init'));
        else visit(value, context);
        return;
      }
      case 'PrivateIdentifier':
        privateName(node, context);
        return;
      case 'ThisExpression':
        bindingSpecial('this', node, context);
        return;
      case 'Super':
        bindingSpecial('super', node, context);
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') specials.push({ kind: 'import.meta', node, boundBy: undefined });
        else bindingSpecial('new.target', node, context);
        return;
      case 'ImportExpression':
        specials.push({ kind: 'import()', node, boundBy: undefined });
        visit(node.source, context);
        if (node.options) visit(node.options, context);
        return;
      case 'WithStatement':
        specials.push({ kind: 'with', node, boundBy: undefined });
        break;
      case 'LabeledStatement':
        visit(node.body, context);
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'ExportNamedDeclaration':
        // `export { a as b }` names bindings and evaluates nothing.
        if (node.declaration) visit(node.declaration, context);
        return;
      default:
    }
    for (const child of childrenOf(node)) visit(child, context);
  };

  const strict = isModule || hasUseStrict(program.body);
  hoistVars(top, program);
  declareLexical(top, program.body);
  const context: Context = {
    scope: top,
    strict,
    thisBinder: undefined,
    deferredBy: undefined,
    privateNames: undefined,
    stepOf: undefined,
  };
  for (const statement of program.body) visit(statement, context);
  references.sort((a, b) => a.node.start - b.node.start);
  specials.sort((a, b) => a.node.start - b.node.start);
  return { top, references, specials, sites };
}

/** The part of a list sorted by position that lies in `[start, end)`. */
export function within<T extends { readonly node: { readonly start: number; readonly end: number } }>(
  sorted: readonly T[],
  start: number,
  end: number,
): T[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as T).node.start < start) low = middle + 1;
    else high = middle;
  }
  const found: T[] = [];
  for (; low < sorted.length && (sorted[low] as T).node.start < end; low++) found.push(sorted[low] as T);
  return found;
}

export function contains(outer: { start: number; end: number }, inner: { start: number; end: number }): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Identifiers that a pattern binds or assigns. */
export function namesOf(pattern: AnyNode): Identifier[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        namesOf(property.type === 'RestElement' ? property.argument : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element: Pattern | null) => (element === null ? [] : namesOf(element)));
    case 'RestElement':
      return namesOf(pattern.argument);
    case 'AssignmentPattern':
      return namesOf(pattern.left);
    default:
      return [];
  }
}

export function isFunctionNode(node: AnyNode): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  );
}

export function isClassNode(node: AnyNode): node is ClassNode {
  return node.type === 'ClassDeclaration' || node.type === 'ClassExpression';
}

/** Child nodes in source order. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node)) {
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) children.push(item);
  }
  return children;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** `var` never stands in an expression outside of a function. */
function holdsStatements(node: AnyNode): boolean {
  return (
    node.type.endsWith('Statement') ||
    node.type.endsWith('Declaration') ||
    node.type === 'SwitchCase' ||
    node.type === 'CatchClause'
  );
}

function memberName(node: Extract<AnyNode, { type: 'MemberExpression' }>): string | undefined {
  if (!node.computed && node.property.type === 'Identifier') return node.property.name;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : undefined;
}

function hasUseStrict(statements: readonly AnyNode[]): boolean {
  for (const statement of statements) {
    if (statement.type !== 'ExpressionStatement' || typeof statement.directive !== 'string') return false;
    if (statement.directive === 'use strict') return true;
  }
  return false;
}

/** `toString` of a method begins after `static`. */
function methodSite(
  element: AnyNode & { key: AnyNode; computed: boolean; static?: boolean },
  value: FunctionNode,
  accessor: boolean,
): Omit<FunctionSite, 'node' | 'strict'> {
  return {
    start: element.start,
    end: value.end,
    form: accessor ? 'accessor' : 'method',
    key: element.key,
    computed: element.computed,
  };
}

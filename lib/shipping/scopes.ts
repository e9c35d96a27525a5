/**
 * Scope analysis of one script: which variable every identifier means.
 *
 * A single walk over the syntax tree declares the names of each scope before it visits what is
 * inside, so every reference can be resolved on the spot. The result is flat lists sorted by
 * position: the free variables of a function are the references within its range whose variable is
 * declared outside of it.
 */
import type { AnyNode, CallExpression, Identifier, Program } from 'acorn';
import type {
  FunctionSite,
  Reference,
  Scope,
  ScriptScopes,
  Special,
  SpecialKind,
  Variable,
  VariableKind,
} from './scope-model.js';
import {
  type ClassNode,
  childrenOf,
  type FunctionNode,
  hasUseStrict,
  holdsStatements,
  isClassNode,
  isFunctionNode,
  memberName,
  namesOf,
} from './syntax-tree.js';

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

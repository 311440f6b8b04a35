import type { Outline } from "./outline.ts";
import { Reader } from "./reader.ts";
import { Scope } from "./scope.ts";
import { bare, child, children, inside, isFunction, isNode, type Node } from "./tree.ts";
import { optionOf, resolve, textOf } from "./values.ts";

/** Returns a text's syntax tree (ESTree); throws if it cannot be parsed. */
export type Parse = (text: string, language: "ts" | "js") => unknown;

/** What is known about the code of one version. */
export interface Code {
  readonly name: string;
  /** The version that its author set; null: any. */
  readonly authorVersion: number | null;
  /** The source text of its function, if it is loaded. */
  readonly run: string | null;
  /** The module that contains it, if it is stored. */
  readonly module: string | null;
}

/** Reads the outline of a workflow's code, with its input schema as written; null if the code is unavailable. */
export function readOutline(code: Code, parse: Parse): (Outline & { readonly input: string | null }) | null {
  const found = inModule(code, parse) ?? alone(code, parse);
  if (found === null) return null;
  const { fn, scope, text, input } = found;
  const reader = new Reader(text);
  const items = reader.readFunction(fn, scope, [0]);
  return { items, gaps: reader.gaps, source: text.slice(fn.start, fn.end), input };
}

interface Found {
  readonly fn: Node;
  readonly scope: Scope;
  readonly text: string;
  readonly input: string | null;
}

/** Finds the function in its module, next to its helpers and constants. */
function inModule({ name, authorVersion, run, module }: Code, parse: Parse): Found | null {
  const program = module === null ? null : programOf(module, "js", parse);
  if (module === null || program === null) return null;
  const scope = new Scope(null).declare(children(program, "body"));
  const calls = callsIn(program).flatMap((call) => {
    const [options, given] = children(call, "arguments");
    if (options === undefined || given === undefined) return [];
    const fn = resolve(given, scope);
    if (!isFunction(fn.node)) return [];
    const optionName = optionOf(options, "name", scope);
    const isNamed = optionName !== null && textOf(optionName.node, optionName.scope) === name;
    const isSame = run !== null && module.slice(fn.node.start, fn.node.end) === run;
    return isNamed || isSame ? [{ options, fn, isNamed, isSame }] : [];
  });
  const chosen =
    calls.find(({ options, isNamed }) => isNamed && versionOf(options, scope) === authorVersion) ??
    calls.find(({ isSame }) => isSame) ??
    calls.find(({ isNamed }) => isNamed);
  if (chosen === undefined) return null;
  const input = optionOf(chosen.options, "input", scope);
  const schema = input === null ? null : resolve(input.node, input.scope).node;
  return {
    ...chosen.fn,
    fn: chosen.fn.node,
    text: module,
    input: schema === null ? null : module.slice(schema.start, schema.end),
  };
}

function versionOf(options: Node, scope: Scope): number {
  const version = optionOf(options, "version", scope);
  return version === null ? 1 : Number(textOf(version.node, version.scope));
}

/** Reads the function by itself: the code that it calls is unavailable. */
function alone({ run }: Code, parse: Parse): Found | null {
  if (run === null) return null;
  // The text of a method, such as `async run(ctx) {…}`, is not an expression.
  for (const text of [`const run = ${run}`, `const run = { ${run} }.run`, `const run = function ${run}`]) {
    const program = programOf(text, "ts", parse);
    const fn = program === null ? null : firstFunction(program);
    if (fn !== null) return { fn, scope: new Scope(null), text, input: null };
  }
  return null;
}

function programOf(text: string, language: "ts" | "js", parse: Parse): Node | null {
  try {
    const program = parse(text, language);
    return isNode(program) ? program : null;
  } catch {
    return null;
  }
}

/** Appends to one list, because a bundled module has a hundred thousand nodes. */
function callsIn(node: Node, found: Node[] = []): readonly Node[] {
  if (node.type === "CallExpression") found.push(node);
  for (const each of inside(node)) callsIn(each, found);
  return found;
}

function firstFunction(node: Node): Node | null {
  if (isFunction(node)) return node;
  for (const each of inside(bare(node))) {
    const fn = firstFunction(each);
    if (fn !== null) return fn;
  }
  return child(node, "value");
}

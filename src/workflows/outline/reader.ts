import { type Arm, type Item, type OperationKind, type OperationNode, operationsOf } from "./outline.ts";
import { Scope } from "./scope.ts";
import { bare, boundNames, child, children, inside, isFunction, keyOf, type Node, nameOf, oneLine } from "./tree.ts";
import { optionOf, optionsText, resolve, shownText, textOf } from "./values.ts";

/** Operations whose first argument is their name: their kind, and the positions of their work and options arguments. */
const named: Readonly<Record<string, { kind: OperationKind; work?: number; options?: number }>> = {
  step: { kind: "step", work: 1, options: 2 },
  once: { kind: "once", work: 1, options: 2 },
  tx: { kind: "tx", work: 1, options: 2 },
  sleep: { kind: "sleep" },
  sleepUntil: { kind: "sleep" },
  waitForEvent: { kind: "event", options: 1 },
  pointOfNoReturn: { kind: "pivot" },
  cleanup: { kind: "cleanup", work: 1 },
};

/** Array methods that call their function for each item. */
const perItem = new Set(["map", "forEach", "flatMap", "filter", "some", "every", "find", "reduce"]);
/** `Promise` methods whose parts run at the same time. */
const together = new Set(["all", "allSettled", "race", "any"]);

const labelMax = 80;
const depthMax = 12;

/**
 * Reads what a function may request from its context, in the order of the code. Names and options are resolved through
 * constants and through the arguments of functions in the same text, so that a helper's step has its real name.
 */
export class Reader {
  readonly gaps: string[] = [];
  readonly #source: string;
  /** The functions being read, to stop at recursion. */
  readonly #open: Node[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  /** `contexts`: which parameters are contexts. `given`: the caller's arguments. */
  readFunction(
    fn: Node,
    around: Scope,
    contexts: readonly number[],
    given: { readonly nodes: readonly Node[]; readonly scope: Scope } | null = null,
  ): readonly Item[] {
    const scope = new Scope(around);
    children(fn, "params").forEach((param, i) => {
      for (const name of boundNames(param)) scope.set(name, { is: "unknown" });
      const name = nameOf(param);
      if (name === null) {
        if (contexts.includes(i)) this.#gap(`the context is destructured in "${this.#text(param)}"`);
        return;
      }
      const value = given?.nodes[i];
      if (contexts.includes(i)) scope.set(name, { is: "context" });
      else if (value !== undefined && given !== null) scope.set(name, { is: "value", node: value, scope: given.scope });
    });
    const body = child(fn, "body");
    if (body === null) return [];
    this.#open.push(fn);
    const items = body.type === "BlockStatement" ? this.#block(children(body, "body"), scope) : this.#read(body, scope);
    this.#open.pop();
    return items;
  }

  #block(statements: readonly Node[], around: Scope): readonly Item[] {
    const scope = new Scope(around).declare(statements);
    return statements.flatMap((statement) => this.#read(statement, scope));
  }

  #read(node: Node | null, scope: Scope): readonly Item[] {
    if (node === null) return [];
    switch (node.type) {
      case "BlockStatement":
        return this.#block(children(node, "body"), scope);
      case "IfStatement":
      case "ConditionalExpression":
        return this.#fork(node, scope);
      case "LogicalExpression":
        return this.#logical(node, scope);
      case "SwitchStatement":
        return this.#switch(node, scope);
      case "ForStatement":
      case "ForOfStatement":
      case "ForInStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return this.#loop(node, scope);
      case "TryStatement":
        return this.#try(node, scope);
      case "ReturnStatement":
        return [...this.#read(child(node, "argument"), scope), { is: "leave", how: "return" }];
      case "ThrowStatement":
        return [...this.#read(child(node, "argument"), scope), { is: "leave", how: "throw" }];
      case "BreakStatement":
        return [{ is: "leave", how: "break" }];
      case "ContinueStatement":
        return [{ is: "leave", how: "continue" }];
      case "CallExpression":
        return this.#call(node, scope);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ClassDeclaration":
      case "ClassExpression":
        // A function or class does nothing where it is declared.
        return [];
      default:
        if (node.type.startsWith("TS") && bare(node) === node) return [];
        return inside(node).flatMap((each) => this.#read(each, scope));
    }
  }

  // --- Control flow --------------------------------------------------------------------------------------------------

  #fork(node: Node, scope: Scope): readonly Item[] {
    const test = child(node, "test");
    const before = this.#read(test, scope);
    const isPlain = node.type === "ConditionalExpression";
    const arms = [
      { label: "then", items: this.#read(child(node, "consequent"), scope) },
      { label: "else", items: this.#read(child(node, "alternate"), scope) },
    ];
    if (arms.every((arm) => arm.items.length === 0)) return before;
    return [
      ...before,
      { is: "fork", label: this.#text(test), arms, isTotal: isPlain || child(node, "alternate") !== null },
    ];
  }

  /** `a && ctx.step(…)`, `a ?? ctx.step(…)`. */
  #logical(node: Node, scope: Scope): readonly Item[] {
    const left = child(node, "left");
    const before = this.#read(left, scope);
    const items = this.#read(child(node, "right"), scope);
    if (items.length === 0) return before;
    const how = { "&&": "", "||": "not ", "??": "nothing in " }[String(node["operator"])] ?? "";
    const label = `${how}${this.#text(left)}`;
    return [...before, { is: "fork", label, arms: [{ label: "then", items }], isTotal: false }];
  }

  #switch(node: Node, scope: Scope): readonly Item[] {
    const on = child(node, "discriminant");
    const before = this.#read(on, scope);
    const cases = children(node, "cases");
    const inner = new Scope(scope).declare(cases.flatMap((each) => children(each, "consequent")));
    const read = cases.map((each) => children(each, "consequent").flatMap((one) => this.#read(one, inner)));
    if (read.every((items) => items.every((item) => item.is === "leave" && item.how === "break"))) return before;
    const arms = cases.flatMap((each, i): readonly Arm[] => {
      const test = child(each, "test");
      // A case without code is another label of the next one.
      if (children(each, "consequent").length === 0 && i < cases.length - 1) return [];
      const names = [...namesBefore(cases, i), ...(test === null ? ["else"] : [this.#text(test)])];
      return [
        {
          label: names.map((one) => (typeof one === "string" ? one : this.#text(one))).join(", "),
          items: armOf(read, i),
        },
      ];
    });
    const isTotal = cases.some((each) => child(each, "test") === null);
    return [...before, { is: "fork", label: this.#text(on), arms, isTotal }];
  }

  #loop(node: Node, scope: Scope): readonly Item[] {
    const inner = new Scope(scope);
    const head = [child(node, "init"), child(node, "left")].filter((each) => each !== null);
    for (const each of head) for (const id of declaredIn(each)) inner.set(id, { is: "unknown" });
    const before = [...this.#read(child(node, "init"), inner), ...this.#read(child(node, "right"), inner)];
    const test = child(node, "test");
    const items = [
      ...(node.type === "DoWhileStatement" ? [] : this.#read(test, inner)),
      ...this.#read(child(node, "body"), inner),
      ...(node.type === "DoWhileStatement" ? this.#read(test, inner) : []),
      ...this.#read(child(node, "update"), inner),
    ];
    if (items.length === 0) return before;
    const isEndless = "test" in node && (test === null || (test.type === "Literal" && test["value"] === true));
    return [...before, { is: "loop", label: this.#loopLabel(node, isEndless), items, isEndless }];
  }

  #loopLabel(node: Node, isEndless: boolean): string {
    const [left, right] = [child(node, "left"), child(node, "right")];
    if (left !== null && right !== null) {
      const variable = child(children(left, "declarations")[0] ?? left, "id") ?? left;
      return `${this.#text(variable)} ${node.type === "ForInStatement" ? "in" : "of"} ${this.#text(right)}`;
    }
    return isEndless ? "repeat" : `while ${this.#text(child(node, "test"))}`;
  }

  #try(node: Node, scope: Scope): readonly Item[] {
    const items = this.#read(child(node, "block"), scope);
    const clause = child(node, "handler");
    const inner = new Scope(scope);
    const param = clause === null ? null : child(clause, "param");
    for (const name of param === null ? [] : boundNames(param)) inner.set(name, { is: "unknown" });
    const handler = clause === null ? [] : this.#read(child(clause, "body"), inner);
    const after = this.#read(child(node, "finalizer"), scope);
    // A handler that only rethrows does not change the flow.
    const isSilent =
      operationsOf(handler).length === 0 && handler.every((item) => item.is === "leave" && item.how === "throw");
    if (items.length === 0) return after;
    return [...(isSilent ? items : [{ is: "attempt" as const, items, handler }]), ...after];
  }

  // --- Calls ---------------------------------------------------------------------------------------------------------

  #call(node: Node, scope: Scope): readonly Item[] {
    const callee = bare(child(node, "callee") ?? node);
    const args = children(node, "arguments");
    if (callee.type === "MemberExpression") {
      const [object, property] = [child(callee, "object"), nameOf(child(callee, "property"))];
      if (object !== null && property !== null && callee["computed"] !== true) {
        if (this.#isContext(object, scope)) return this.#operation(property, args, scope);
        if (nameOf(bare(object)) === "Promise" && together.has(property)) return this.#together(property, args, scope);
        return this.#method(object, property, args, scope);
      }
    }
    if (isFunction(callee)) return this.#inline(callee, args, scope, scope);
    const name = nameOf(callee);
    const found = name === null ? null : resolve(callee, scope);
    if (found !== null && isFunction(found.node)) {
      const before = args.filter((arg) => !isFunction(bare(arg))).flatMap((arg) => this.#read(arg, scope));
      return [...before, ...this.#inline(found.node, args, found.scope, scope)];
    }
    const items = [...this.#read(callee, scope), ...this.#arguments(args, scope)];
    if (args.some((arg) => this.#isContext(arg, scope)))
      this.#gap(`${this.#text(callee)} receives the context, and its code is unavailable`);
    return items;
  }

  #isContext(node: Node, scope: Scope): boolean {
    const name = nameOf(bare(node));
    if (name === null) return false;
    const meaning = scope.find(name);
    if (meaning?.is === "context") return true;
    return (
      meaning?.is === "value" && nameOf(bare(meaning.node)) !== null && this.#isContext(meaning.node, meaning.scope)
    );
  }

  /** Inlines a function of the same text where it is called. */
  #inline(fn: Node, args: readonly Node[], around: Scope, scope: Scope): readonly Item[] {
    if (this.#open.includes(fn) || this.#open.length > depthMax) {
      const items = this.#open.includes(fn) ? "calls itself" : "is nested too deeply";
      this.#gap(`${nameOf(child(fn, "id")) ?? "a function"} ${items}`);
      return [];
    }
    const contexts = args.flatMap((arg, i) => (this.#isContext(arg, scope) ? [i] : []));
    const items = this.readFunction(fn, around, contexts, { nodes: args, scope });
    return operationsOf(items).length === 0 && !items.some(isEnding) ? [] : [{ is: "inlined", items }];
  }

  #operation(verb: string, args: readonly Node[], scope: Scope): readonly Item[] {
    const spec = named[verb];
    if (spec !== undefined) {
      const before = args.filter((_arg, i) => i !== spec.work).flatMap((arg) => this.#arguments([arg], scope));
      const options = spec.options === undefined ? undefined : args[spec.options];
      return [...before, this.#named(spec.kind, args[0], options, scope)];
    }
    switch (verb) {
      case "emit": {
        const name = optionOf(args[0], "name", scope);
        return [...this.#arguments(args, scope), this.#named("emit", name?.node, undefined, name?.scope ?? scope)];
      }
      case "setAttributes":
        return [
          ...this.#arguments(args, scope),
          {
            is: "operation",
            kind: "attributes",
            label: "attributes",
            step: "attributes",
            options: null,
            hasUndo: false,
          },
        ];
      case "call":
      case "start":
        return [
          ...this.#arguments(args.slice(1), scope),
          this.#child(verb === "call" ? "child" : "start", args, scope),
        ];
      case "continueAsNew":
        return [...this.#arguments(args, scope), { is: "leave", how: "anew" }];
      case "map":
        return this.#map(args, scope);
      case "race":
        return this.#race(args[0], scope);
      default:
        return this.#arguments(args, scope);
    }
  }

  #named(kind: OperationKind, name: Node | undefined, options: Node | undefined, scope: Scope): OperationNode {
    const key = optionOf(options, "key", scope);
    const label = name === undefined ? kind : (textOf(name, scope) ?? shownText(name, scope, this.#source));
    const step = name === undefined ? null : key === null ? textOf(name, scope) : textOf(key.node, key.scope);
    return {
      is: "operation",
      kind,
      label,
      step,
      options: optionsText(options, scope, this.#source),
      hasUndo: optionOf(options, "undo", scope) !== null,
    };
  }

  #child(kind: "child" | "start", [definition, , options]: readonly Node[], scope: Scope): OperationNode {
    const key = optionOf(options, "key", scope);
    const found = definition === undefined ? null : resolve(definition, scope);
    const given = found?.node.type === "CallExpression" ? children(found.node, "arguments")[0] : undefined;
    const name = found === null ? null : optionOf(given, "name", found.scope);
    const text = name === null ? null : textOf(name.node, name.scope);
    return {
      is: "operation",
      kind,
      label: text ?? this.#text(definition ?? null),
      step: key === null ? text : textOf(key.node, key.scope),
      options: optionsText(options, scope, this.#source),
      hasUndo: optionOf(options, "undo", scope) !== null,
    };
  }

  /** `ctx.map(name, items, (item, ctx) => …)`. */
  #map([name, list, work]: readonly Node[], scope: Scope): readonly Item[] {
    const before = list === undefined ? [] : this.#arguments([list], scope);
    const found = work === undefined ? null : resolve(work, scope);
    if (found === null || !isFunction(found.node)) {
      this.#gap(`the code of ${this.#text(work ?? null)} is unavailable`);
      return before;
    }
    const items = this.readFunction(found.node, found.scope, [1]);
    const title = name === undefined ? "" : `${textOf(name, scope) ?? shownText(name, scope, this.#source)} of `;
    if (operationsOf(items).length === 0) return before;
    const label = `${title}${this.#text(list ?? null)}`;
    return [...before, { is: "loop", label, items: [{ is: "inlined", items }], isEndless: false }];
  }

  #race(branches: Node | undefined, scope: Scope): readonly Item[] {
    const found = branches === undefined ? null : resolve(branches, scope);
    if (found === null || found.node.type !== "ObjectExpression") {
      this.#gap("the branches of the race are created at run time");
      return [{ is: "together", isRace: true, arms: [] }];
    }
    const arms = children(found.node, "properties").map((property): Arm => {
      const value = child(property, "value");
      const fn = value === null ? null : resolve(value, found.scope);
      const label = keyOf(property) ?? "…";
      if (fn === null || !isFunction(fn.node)) {
        this.#gap(`the code of the race branch ${label} is unavailable`);
        return { label, items: [] };
      }
      return { label, items: [{ is: "inlined", items: this.readFunction(fn.node, fn.scope, [0]) }] };
    });
    return [{ is: "together", isRace: true, arms }];
  }

  /** `Promise.all([…])`. */
  #together(how: string, args: readonly Node[], scope: Scope): readonly Item[] {
    const [first] = args;
    const list = first === undefined ? null : resolve(first, scope);
    if (list === null || list.node.type !== "ArrayExpression") return this.#arguments(args, scope);
    const arms = children(list.node, "elements")
      .map((element): Arm => ({ label: null, items: this.#read(element, list.scope) }))
      .filter((arm) => arm.items.length > 0);
    if (arms.length < 2) return arms.flatMap((arm) => arm.items);
    if (how === "race" || how === "any")
      this.#gap(`Promise.${how}: the first result decides, the other branches continue`);
    return [{ is: "together", isRace: false, arms }];
  }

  /** A method of another object. For array methods the function is called for each item. */
  #method(object: Node, method: string, args: readonly Node[], scope: Scope): readonly Item[] {
    const before = this.#read(object, scope);
    const [first] = args;
    const fn = first === undefined ? null : resolve(first, scope);
    if (perItem.has(method) && fn !== null && isFunction(fn.node)) {
      const items = this.readFunction(fn.node, fn.scope, []);
      if (operationsOf(items).length === 0) return before;
      const label = `each of ${this.#text(object)}`;
      return [...before, { is: "loop", label, items: [{ is: "inlined", items }], isEndless: false }];
    }
    if (args.some((arg) => this.#isContext(arg, scope)))
      this.#gap(`${this.#text(object)}.${method} receives the context, and its code is unavailable`);
    return [...before, ...this.#arguments(args, scope)];
  }

  /** Reads the arguments; a function among them is assumed to be called once. */
  #arguments(args: readonly Node[], scope: Scope): readonly Item[] {
    return args.flatMap((arg): readonly Item[] => {
      const plain = bare(arg);
      if (!isFunction(plain)) return this.#read(plain, scope);
      const items = this.readFunction(plain, scope, []);
      return operationsOf(items).length === 0 ? [] : [{ is: "inlined", items }];
    });
  }

  #text(node: Node | null): string {
    return node === null ? "" : oneLine(this.#source.slice(node.start, node.end), labelMax);
  }

  #gap(text: string): void {
    if (!this.gaps.includes(text)) this.gaps.push(text);
  }
}

/** Whether an item leaves the caller too: a throw does not end at its function. */
function isEnding(item: Item): boolean {
  switch (item.is) {
    case "leave":
      return item.how === "throw" || item.how === "anew";
    case "fork":
    case "together":
      return item.arms.some((arm) => arm.items.some(isEnding));
    case "attempt":
      return [...item.items, ...item.handler].some(isEnding);
    case "loop":
    case "inlined":
      return item.items.some(isEnding);
    case "operation":
      return false;
  }
}

/** The cases directly before this one that fall into it without code. */
function namesBefore(cases: readonly Node[], at: number): readonly Node[] {
  const names: Node[] = [];
  for (let i = at - 1; i >= 0; i--) {
    const each = cases[i] as Node;
    if (children(each, "consequent").length > 0) break;
    const test = child(each, "test");
    if (test !== null) names.unshift(test);
  }
  return names;
}

/** The code of a case and of those it falls through to, without the final `break`. */
function armOf(read: readonly (readonly Item[])[], from: number): readonly Item[] {
  const items: Item[] = [];
  for (const some of read.slice(from)) {
    items.push(...some.filter((item) => !(item.is === "leave" && item.how === "break")));
    if (some.some((item) => item.is === "leave")) break;
  }
  return items;
}

function declaredIn(head: Node): readonly string[] {
  if (head.type !== "VariableDeclaration") return [];
  return children(head, "declarations").flatMap((each) => {
    const id = child(each, "id");
    return id === null ? [] : boundNames(id);
  });
}

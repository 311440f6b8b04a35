import type { Scope } from "./scope.ts";
import { bare, child, children, keyOf, type Node, nameOf, oneLine, propertyOf } from "./tree.ts";

/** Constants that refer to each other are followed to this depth. */
const depthMax = 10;

/** Resolves an expression through constants and function arguments, with the scope of the result. */
export function resolve(node: Node, scope: Scope, depth = 0): { node: Node; scope: Scope } {
  const plain = bare(node);
  const name = nameOf(plain);
  const meaning = name === null ? null : scope.find(name);
  if (meaning?.is !== "value" || depth > depthMax) return { node: plain, scope };
  return resolve(meaning.node, meaning.scope, depth + 1);
}

/** The constant text of an expression, or null. */
export function textOf(node: Node, scope: Scope): string | null {
  const found = resolve(node, scope);
  if (found.node.type === "Literal") {
    const { value } = found.node;
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  }
  if (found.node.type === "TemplateLiteral") {
    const parts = partsOf(found.node, found.scope);
    return parts.includes(null) ? null : parts.join("");
  }
  if (found.node.type === "BinaryExpression" && found.node["operator"] === "+") {
    const [left, right] = [child(found.node, "left"), child(found.node, "right")];
    const texts = [left, right].map((each) => (each === null ? null : textOf(each, found.scope)));
    return texts.includes(null) ? null : texts.join("");
  }
  return null;
}

/** How to show a name that is known only at run time: its fixed parts, with `…` for the rest. */
export function shownText(node: Node, scope: Scope, source: string): string {
  const found = resolve(node, scope);
  if (found.node.type === "TemplateLiteral")
    return partsOf(found.node, found.scope)
      .map((part) => part ?? "…")
      .join("");
  return oneLine(source.slice(node.start, node.end), 80);
}

function partsOf(template: Node, scope: Scope): (string | null)[] {
  const quasis = children(template, "quasis").map((quasi) => {
    const value = quasi["value"] as { cooked?: string | null } | undefined;
    return value?.cooked ?? "";
  });
  const values = children(template, "expressions").map((each) => textOf(each, scope));
  return quasis.flatMap((quasi, i) => (i < values.length ? [quasi, values[i] ?? null] : [quasi]));
}

const optionsMax = 600;

/** Options as written, at the place where they are defined. */
export function optionsText(node: Node | undefined, scope: Scope, source: string): string | null {
  if (node === undefined) return null;
  const { node: found } = resolve(node, scope);
  return oneLine(source.slice(found.start, found.end), optionsMax);
}

/** An option's value, including one that is spread in with `...others`. */
export function optionOf(
  node: Node | undefined,
  name: string,
  scope: Scope,
  depth = 0,
): { node: Node; scope: Scope } | null {
  if (node === undefined || depth > depthMax) return null;
  const found = resolve(node, scope);
  if (found.node.type !== "ObjectExpression") return null;
  const own = propertyOf(found.node, name);
  if (own !== null) return { node: own, scope: found.scope };
  const method = children(found.node, "properties").find((each) => keyOf(each) === name);
  if (method !== undefined) return { node: method, scope: found.scope };
  for (const spread of children(found.node, "properties").toReversed()) {
    const argument = spread.type === "SpreadElement" ? child(spread, "argument") : null;
    const inherited = argument === null ? null : optionOf(argument, name, found.scope, depth + 1);
    if (inherited !== null) return inherited;
  }
  return null;
}

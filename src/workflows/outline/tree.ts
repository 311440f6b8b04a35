/** A node of a syntax tree (ESTree), with the fields that all of them have. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

export function child(node: Node, field: string): Node | null {
  const value = node[field];
  return isNode(value) ? value : null;
}

export function children(node: Node, field: string): readonly Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The direct child nodes, in the order of the text. */
export function inside(node: Node): readonly Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []))
    .toSorted((a, b) => a.start - b.start);
}

/** The expression inside type assertions, parentheses and optional chains. */
export function bare(node: Node): Node {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
    case "ParenthesizedExpression":
    case "ChainExpression": {
      const inner = child(node, "expression");
      return inner === null ? node : bare(inner);
    }
    default:
      return node;
  }
}

export function nameOf(node: Node | null): string | null {
  return node?.type === "Identifier" ? String(node["name"]) : null;
}

export function isFunction(node: Node): boolean {
  return (
    node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression" || node.type === "FunctionDeclaration"
  );
}

/** The name of a property, also if it is quoted: `"name": …`. */
export function keyOf(property: Node): string | null {
  const key = child(property, "key");
  if (key === null || property["computed"] === true) return null;
  return key.type === "Literal" ? String(key["value"]) : nameOf(key);
}

export function propertyOf(object: Node | null, name: string): Node | null {
  if (object?.type !== "ObjectExpression") return null;
  const property = children(object, "properties").findLast((each) => keyOf(each) === name);
  return property === undefined ? null : child(property, "value");
}

/** The names that a pattern binds: `a`, `{ a, b: c }`, `[a = 1]`. */
export function boundNames(pattern: Node): readonly string[] {
  switch (pattern.type) {
    case "Identifier":
      return [String(pattern["name"])];
    case "AssignmentPattern":
      return child(pattern, "left") === null ? [] : boundNames(child(pattern, "left") as Node);
    case "RestElement":
      return child(pattern, "argument") === null ? [] : boundNames(child(pattern, "argument") as Node);
    case "ArrayPattern":
      return children(pattern, "elements").flatMap(boundNames);
    case "ObjectPattern":
      return children(pattern, "properties").flatMap((property) => {
        const value = property.type === "RestElement" ? property : child(property, "value");
        return value === null ? [] : boundNames(value);
      });
    default:
      return [];
  }
}

/** A text on one line, truncated for display. */
export function oneLine(text: string, max: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

/** A place in a module that cannot be bundled. */
export interface Refusal {
  readonly line: number;
  readonly message: string;
}

/** A node of a syntax tree, with the fields that all nodes have. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

/** Modules that do not match contain nothing to refuse. Only matching modules are parsed. */
export const suspicious = /\bimport\s*\(|\brequire\b|\bimport\.meta\b|\b__dirname\b|\b__filename\b/;
/** The same for TypeScript syntax that Node does not support. */
export const uncommon =
  /\b(?:enum|namespace|module)\s+\w|\bimport\s+\w+\s*=|\bexport\s*=|\b(?:private|protected|public|readonly)\s+\w/;

const outside =
  "a bundle contains no other files: import the file as a module or JSON, or read it from an absolute path";

/**
 * Finds what a bundle would lose silently: imports whose path is computed at run time, and files next to the module.
 * `parse` returns the module's syntax tree.
 */
export function refusalsOf(code: string, parse: (code: string) => unknown): readonly Refusal[] {
  const found = new Map<number, string>();
  const refuse = (node: Node, message: string): void => {
    if (!found.has(node.start)) found.set(node.start, message);
  };
  walk(parse(code), [], (node, above) => {
    const message = problemOf(node, above);
    if (message !== null) refuse(node, message);
  });
  return [...found].map(([start, message]) => ({ line: lineAt(code, start), message }));
}

function problemOf(node: Node, above: readonly Node[]): string | null {
  switch (node.type) {
    case "ImportExpression":
      return isConstant(node["source"]) ? null : "import() with a path computed at run time cannot be bundled";
    case "CallExpression":
      return callProblem(node);
    case "NewExpression":
      return isName(node["callee"], "URL") && isMetaUrl(argumentsOf(node)[1])
        ? `new URL(…, import.meta.url) refers to a file next to the module: ${outside}`
        : null;
    case "Identifier":
      return isFolderName(node, above) ? `${String(node["name"])} is the location of the module: ${outside}` : null;
    case "MemberExpression":
      return metaProblem(node, above);
    default:
      return syntaxProblem(node);
  }
}

const compilerOnly: Readonly<Record<string, string>> = {
  TSEnumDeclaration: "enum",
  TSModuleDeclaration: "namespace",
  TSParameterProperty: "parameter property",
  TSImportEqualsDeclaration: "import =",
  TSExportAssignment: "export =",
};

/** Node strips types and does not compile: a test or an app that loads the same file would fail. */
function syntaxProblem(node: Node): string | null {
  const what = compilerOnly[node.type];
  if (what === undefined || node["declare"] === true || node["importKind"] === "type") return null;
  if (node.type === "TSModuleDeclaration" && node["body"] == null) return null;
  return `SyntaxError: TypeScript's ${what} is not supported: Node strips types and does not compile`;
}

function callProblem(node: Node): string | null {
  const [first] = argumentsOf(node);
  const callee = node["callee"];
  if (isName(callee, "require") && first !== undefined && !isConstant(first))
    return "require() with a path computed at run time cannot be bundled";
  if (isName(callee, "createRequire") && isMetaUrl(first))
    return "createRequire(import.meta.url) cannot be bundled: use import";
  return null;
}

/** Uses of `import.meta` other than `url`, and of `url` to build a path. */
function metaProblem(node: Node, above: readonly Node[]): string | null {
  if (!isMeta(node["object"])) return null;
  const property = (node["property"] as Node | undefined)?.["name"];
  if (property === "dirname" || property === "filename")
    return `import.meta.${property} is the location of the module: ${outside}`;
  if (property === "resolve") return "import.meta.resolve() cannot be bundled: use import";
  const isPath =
    property === "url" &&
    above.some(
      (each) =>
        each.type === "CallExpression" &&
        /^(?:dirname|join|resolve|readFile\w*|createReadStream|open\w*|stat\w*|readdir\w*)$/.test(
          nameOf(each["callee"]),
        ),
    );
  return isPath ? `a path built from import.meta.url refers to a file next to the module: ${outside}` : null;
}

/** Whether this is `__dirname` or `__filename`, and not a property or variable of the same name. */
function isFolderName(node: Node, above: readonly Node[]): boolean {
  if (node["name"] !== "__dirname" && node["name"] !== "__filename") return false;
  const parent = above.at(-1);
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return parent["property"] !== node;
  return parent.type !== "Property" && parent.type !== "VariableDeclarator";
}

function isConstant(value: unknown): boolean {
  const node = value as Node | undefined;
  if (node?.type === "Literal") return true;
  return node?.type === "TemplateLiteral" && (node["expressions"] as unknown[]).length === 0;
}

function isName(value: unknown, name: string): boolean {
  const node = value as Node | undefined;
  return node?.type === "Identifier" && node["name"] === name;
}

/** The name of the called function: `readFile`, also for `fs.readFile`. */
function nameOf(value: unknown): string {
  const node = value as Node | undefined;
  if (node?.type === "MemberExpression") return nameOf(node["property"]);
  return node?.type === "Identifier" ? String(node["name"]) : "";
}

function isMeta(value: unknown): boolean {
  const node = value as Node | undefined;
  return node?.type === "MetaProperty" && isName(node["meta"], "import");
}

function isMetaUrl(value: unknown): boolean {
  const node = value as Node | undefined;
  return node?.type === "MemberExpression" && isMeta(node["object"]) && isName(node["property"], "url");
}

function argumentsOf(node: Node): readonly unknown[] {
  return (node["arguments"] as readonly unknown[] | undefined) ?? [];
}

function walk(value: unknown, above: Node[], visit: (node: Node, above: readonly Node[]) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) walk(each, above, visit);
    return;
  }
  if (typeof value !== "object" || value === null || typeof (value as Node).type !== "string") return;
  const node = value as Node;
  visit(node, above);
  above.push(node);
  for (const field of Object.values(node)) if (typeof field === "object" && field !== null) walk(field, above, visit);
  above.pop();
}

function lineAt(code: string, index: number): number {
  let line = 1;
  for (let i = code.indexOf("\n"); i >= 0 && i < index; i = code.indexOf("\n", i + 1)) line += 1;
  return line;
}

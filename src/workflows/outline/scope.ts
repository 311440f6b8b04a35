import { boundNames, child, children, type Node } from "./tree.ts";

/** What a name refers to at the place where it is read. */
export type Meaning =
  /** A context, which operations are requested from. */
  | { readonly is: "context" }
  /** Its assigned value, with the scope in which that was written. */
  | { readonly is: "value"; readonly node: Node; readonly scope: Scope }
  /** Known only at run time. */
  | { readonly is: "unknown" };

/** The names of a piece of code and of the code around it. */
export class Scope {
  readonly around: Scope | null;
  readonly #names = new Map<string, Meaning>();

  constructor(around: Scope | null) {
    this.around = around;
  }

  set(name: string, meaning: Meaning): void {
    this.#names.set(name, meaning);
  }

  find(name: string): Meaning | null {
    return this.#names.get(name) ?? this.around?.find(name) ?? null;
  }

  /**
   * Declares the names of statements for their whole block: constants and functions can be read, the rest is unknown.
   */
  declare(statements: readonly Node[]): this {
    for (const statement of statements) {
      const inner =
        statement.type.startsWith("Export") && child(statement, "declaration") !== null
          ? (child(statement, "declaration") as Node)
          : statement;
      if (inner.type === "FunctionDeclaration") {
        const name = child(inner, "id");
        if (name !== null) this.set(String(name["name"]), { is: "value", node: inner, scope: this });
      } else if (inner.type === "VariableDeclaration") this.#declareVariables(inner);
    }
    return this;
  }

  #declareVariables(declaration: Node): void {
    // Bundlers write `var` for a module's constants.
    const isConstant = declaration["kind"] !== "let";
    for (const each of children(declaration, "declarations")) {
      const [id, init] = [child(each, "id"), child(each, "init")];
      if (id === null) continue;
      for (const name of boundNames(id)) this.set(name, { is: "unknown" });
      if (id.type === "Identifier" && init !== null && isConstant)
        this.set(String(id["name"]), { is: "value", node: init, scope: this });
    }
  }
}

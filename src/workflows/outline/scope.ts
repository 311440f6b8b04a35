import { boundNames, child, children, type Node } from "./tree.ts";

/** What a name stands for where it is read. */
export type Meaning =
  /** A context: asks are made of it. */
  | { readonly is: "context" }
  /** What it was given, with the scope in which that was written. */
  | { readonly is: "value"; readonly node: Node; readonly scope: Scope }
  /** Only a run knows. */
  | { readonly is: "unknown" };

/** Names of a stretch of code and of what is around it. */
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

  /** Names that statements declare for all of their block: constants and functions can be read, the rest is unknown. */
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
    // A bundler writes `var` for a module's constants.
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

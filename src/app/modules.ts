import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** The repository holds TypeScript, the published package JavaScript. */
const isSource = import.meta.url.endsWith(".ts");
const packageRoot = new URL("../../", import.meta.url).href;

/**
 * How people's definitions are resolved. `baton` is always the Baton that loads them, wherever their folder lies: a
 * second copy would bring its own registry of what is running. And a module that has changed, or that imports one that
 * has, gets a new version in its URL, since Node never loads the same URL twice; all others keep their state.
 */
export class UserModules {
  /** Importers of each file. */
  readonly #importers = new Map<string, Set<string>>();
  readonly #versions = new Map<string, number>();
  static #instance: UserModules | null = null;

  /** The process has one, since Node's hooks are the process's. */
  static install(): UserModules {
    UserModules.#instance ??= new UserModules();
    return UserModules.#instance;
  }

  private constructor() {
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === "baton" || specifier.startsWith("baton/")) {
          const conditions = isSource ? [...context.conditions, "source"] : context.conditions;
          return next(specifier, { ...context, conditions, parentURL: import.meta.url });
        }
        const resolved = next(specifier, context);
        if (!isUsers(resolved.url)) return resolved;
        const url = withoutVersion(resolved.url);
        this.#note(url, context.parentURL);
        const version = this.#versions.get(url) ?? 0;
        return version === 0 ? resolved : { ...resolved, url: `${url}?v=${version}` };
      },
    });
  }

  /** Files that were imported so far, as paths. */
  get files(): readonly string[] {
    return [...this.#importers.keys()].map((url) => fileURLToPath(url));
  }

  /** A new version for these files and for all that import them; the next import loads them anew. */
  renew(urls: readonly string[]): ReadonlySet<string> {
    const renewed = new Set<string>();
    const visit = (url: string): void => {
      if (renewed.has(url)) return;
      renewed.add(url);
      this.#versions.set(url, (this.#versions.get(url) ?? 0) + 1);
      for (const importer of this.#importers.get(url) ?? []) visit(importer);
    };
    for (const url of urls) visit(url);
    return renewed;
  }

  #note(url: string, parent: string | undefined): void {
    const importers = this.#importers.get(url) ?? new Set();
    this.#importers.set(url, importers);
    if (parent !== undefined && isUsers(parent)) importers.add(withoutVersion(parent));
  }
}

function isUsers(url: string): boolean {
  return url.startsWith("file:") && !url.includes("/node_modules/") && !isBatons(url);
}

/** Baton's own code; its examples are people's code as any other. */
function isBatons(url: string): boolean {
  if (!url.startsWith(packageRoot)) return false;
  return /^(?:src|dist|bin)\//.test(url.slice(packageRoot.length));
}

function withoutVersion(url: string): string {
  return url.replace(/\?v=\d+$/, "");
}

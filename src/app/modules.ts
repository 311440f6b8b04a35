import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The repository holds TypeScript, the published package JavaScript. */
const isSource = import.meta.url.endsWith(".ts");

/**
 * How people's code is resolved. `baton` is always the Baton that loads it, wherever it lies: a second copy would bring
 * its own registry of what is running. What a bundle leaves outside is found where its project lies, and not where the
 * bundle was put.
 */
export class UserModules {
  /** Folders of artifacts, each with the folder from which what they leave outside is found. */
  readonly #homes = new Map<string, string>();
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
        const home = this.#homeOf(specifier, context.parentURL);
        return next(specifier, home === null ? context : { ...context, parentURL: home });
      },
    });
  }

  /** What artifacts in this folder leave outside is found as a file in `base` would find it. */
  resolveFrom(folder: string, base: string): void {
    this.#homes.set(pathToFileURL(join(folder, "/")).href, pathToFileURL(join(base, "/")).href);
  }

  /** The parent for a package that an artifact imports; null for all else. */
  #homeOf(specifier: string, parent: string | undefined): string | null {
    if (parent === undefined || /^(?:\.|\/|\w+:)/.test(specifier)) return null;
    for (const [folder, base] of this.#homes) if (parent.startsWith(folder)) return base;
    return null;
  }
}

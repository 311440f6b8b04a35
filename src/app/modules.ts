import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The repository contains TypeScript, the published package JavaScript. */
const isSource = import.meta.url.endsWith(".ts");

/**
 * Resolves imports of user code. `baton` is always the Baton that loads the code: a second copy would have its own
 * registry of running code. Packages outside a bundle are resolved from the project, not from the folder of the bundle.
 */
export class UserModules {
  /** Artifact folders, each with the folder from which packages outside the bundles are resolved. */
  readonly #homes = new Map<string, string>();
  static #instance: UserModules | null = null;

  /** One instance per process, since Node's hooks apply to the whole process. */
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

  /** Artifacts in `folder` resolve packages outside the bundle as a file in `base` would. */
  resolveFrom(folder: string, base: string): void {
    this.#homes.set(pathToFileURL(join(folder, "/")).href, pathToFileURL(join(base, "/")).href);
  }

  /** The parent URL for a package that an artifact imports, otherwise null. */
  #homeOf(specifier: string, parent: string | undefined): string | null {
    if (parent === undefined || /^(?:\.|\/|\w+:)/.test(specifier)) return null;
    for (const [folder, base] of this.#homes) if (parent.startsWith(folder)) return base;
    return null;
  }
}

import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { DefinitionSet } from "./load-definitions.ts";

/** Editors write a file in several steps; they belong together. */
const settleMs = 80;

/** Calls back with the files that were changed; returns how to stop. */
export function watchDefinitions(set: DefinitionSet, changed: (paths: readonly string[]) => Promise<void>): () => void {
  const watchers = new Map<string, FSWatcher>();
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let work = Promise.resolve();

  const follow = (): void => {
    for (const { path: folder, isDeep } of set.folders) {
      if (watchers.has(folder) || isStopped) continue;
      const watcher = watch(folder, { recursive: isDeep }, (_event, name) => {
        if (name !== null) note(join(folder, name));
      });
      // A folder that was deleted has nothing more to tell.
      watcher.on("error", () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    }
  };
  const note = (path: string): void => {
    if (!set.concerns(path)) return;
    pending.add(path);
    clearTimeout(timer);
    timer = setTimeout(flush, settleMs);
  };
  const flush = (): void => {
    const paths = [...pending];
    pending.clear();
    work = work.then(() => changed(paths)).then(follow);
  };
  follow();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

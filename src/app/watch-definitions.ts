import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { DefinitionSet } from "./load-definitions.ts";

/** Editors write a file in several steps. These count as one change. */
const settleMs = 80;
const lookMs = 500;

/** Calls `changed` with the changed files. Returns a function that stops watching. */
export function watchDefinitions(set: DefinitionSet, changed: (paths: readonly string[]) => Promise<void>): () => void {
  const watchers = new Map<string, { watcher: FSWatcher; mark: string }>();
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let work = Promise.resolve();

  const follow = (): void => {
    for (const { path: folder, isDeep } of set.folders) {
      const mark = markOf(folder);
      if (watchers.get(folder)?.mark === mark || mark === null || isStopped) continue;
      watchers.get(folder)?.watcher.close();
      const watcher = watch(folder, { recursive: isDeep }, (_event, name) => {
        if (name !== null) note(join(folder, name));
      });
      // A deleted folder has no further changes.
      watcher.on("error", () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, { watcher, mark });
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
  // The watcher of a removed folder does not see a new folder with the same name.
  const looking = setInterval(() => {
    const before = [...watchers.values()];
    follow();
    if ([...watchers.values()].some((each) => !before.includes(each))) for (const file of set.files) note(file);
  }, lookMs);
  looking.unref();
  return () => {
    isStopped = true;
    clearInterval(looking);
    clearTimeout(timer);
    for (const { watcher } of watchers.values()) watcher.close();
  };
}

/** Distinguishes a folder from a later one with the same name. The inode alone is soon reused. */
function markOf(folder: string): string | null {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.birthtimeMs}`;
}

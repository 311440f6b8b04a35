/**
 * Derives the author's name of a step from its key. A key is the name after the path of its branch (`items[3]/`,
 * `race/left/`), numbered from the second use on (`#2`). Names may contain slashes, so only paths of these two forms
 * are removed.
 */
export function stepName(key: string): string {
  let name = key;
  for (;;) {
    const branch = /^(?:.*\[\d+\]\/|race(?:#\d+)?\/[^/]+\/)(?=.)/.exec(name);
    if (branch === null) return name.replace(/(?<=.)#\d+$/, "");
    name = name.slice(branch[0].length);
  }
}

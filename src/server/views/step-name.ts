/**
 * The name that a step's author gave it, from its key. A key is the name behind the path of its branch (`items[3]/`,
 * `race/left/`), numbered from its second time on (`#2`). A name may hold slashes of its own, so only paths of those
 * two forms are taken off.
 */
export function stepName(key: string): string {
  let name = key;
  for (;;) {
    const branch = /^(?:.*\[\d+\]\/|race(?:#\d+)?\/[^/]+\/)(?=.)/.exec(name);
    if (branch === null) return name.replace(/(?<=.)#\d+$/, "");
    name = name.slice(branch[0].length);
  }
}

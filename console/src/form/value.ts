import type { Field } from "./model.ts";

/** The initial value of a form: defaults and constants. Undefined: not filled in. */
export function initialValue(field: Field): unknown {
  if (field.defaultValue !== undefined) return structuredClone(field.defaultValue);
  if (field.isNullable) return undefined;
  switch (field.kind) {
    case "const":
      return field.value;
    case "object":
      return Object.fromEntries(
        field.members.flatMap(({ name, field: each, isRequired }) => {
          const value = isRequired || each.defaultValue !== undefined ? initialValue(each) : undefined;
          return value === undefined ? [] : [[name, value]];
        }),
      );
    case "list":
    case "choices":
      return [];
    case "boolean":
      return false;
    case "variant": {
      const [first] = field.branches;
      return first === undefined ? undefined : initialValue(first.field);
    }
    default:
      return undefined;
  }
}

/** Sets a member, or removes it with `undefined`. Members stay in the order of the schema. */
export function withMember(field: Field, value: unknown, name: string, next: unknown): Record<string, unknown> {
  const old = isRecord(value) ? value : {};
  const all: Record<string, unknown> = { ...old, [name]: next };
  const known = field.kind === "object" ? field.members.map((member) => member.name) : [];
  const ordered = [...known.filter((each) => each in all), ...Object.keys(all).filter((each) => !known.includes(each))];
  return Object.fromEntries(ordered.flatMap((each) => (all[each] === undefined ? [] : [[each, all[each]]])));
}

/** Index of the branch whose constants match the value, else of the one whose shape matches; -1: none. */
export function branchOf(field: Field, value: unknown): number {
  if (field.kind !== "variant") return -1;
  const fits = field.branches.map(({ field: branch }) => fitOf(branch, value));
  const best = Math.max(...fits);
  return best <= 0 ? -1 : fits.indexOf(best);
}

/** Match score of a value: 0 if it does not fit the field; higher with each matching constant. */
function fitOf(field: Field, value: unknown): number {
  switch (field.kind) {
    case "const":
      return isSame(field.value, value) ? 2 : 0;
    case "object": {
      if (!isRecord(value)) return 0;
      let fit = 1;
      for (const { name, field: each } of field.members) {
        if (each.kind === "const") {
          if (!isSame(each.value, value[name])) return 0;
          fit += 2;
        } else if (name in value) fit += 0.01;
      }
      return fit;
    }
    case "list":
    case "choices":
      return Array.isArray(value) ? 1 : 0;
    case "number":
      return typeof value === "number" ? 1 : 0;
    case "boolean":
      return typeof value === "boolean" ? 1 : 0;
    case "text":
      return typeof value === "string" ? 1 : 0;
    case "choice":
      return field.options.some((option) => isSame(option.value, value)) ? 2 : 0;
    default:
      return 0.5;
  }
}

/** The value for another branch; members that both branches have are kept. */
export function toBranch(field: Field, value: unknown, index: number): unknown {
  const branch = field.kind === "variant" ? field.branches[index]?.field : undefined;
  if (branch === undefined) return undefined;
  const start = initialValue(branch);
  if (branch.kind !== "object" || !isRecord(value) || !isRecord(start)) return start;
  const shared = branch.members.filter(({ name, field: each }) => each.kind !== "const" && name in value);
  return { ...start, ...Object.fromEntries(shared.map(({ name }) => [name, value[name]])) };
}

/** Whether two values have the same JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Whether the value is an object and not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sorts paths in the order in which the form shows them. */
export function sortByField<Place extends { readonly path: string }>(
  field: Field,
  places: readonly Place[],
): readonly Place[] {
  const ranked = places.map((place) => ({ place, rank: rankOf(field, place.path.split("/").slice(1)) }));
  return ranked.toSorted((a, b) => compare(a.rank, b.rank)).map(({ place }) => place);
}

function rankOf(field: Field, parts: readonly string[]): readonly number[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [];
  if (field.kind === "list") return [Number(part), ...rankOf(field.item, rest)];
  const members =
    field.kind === "object"
      ? field.members
      : field.kind === "variant"
        ? field.branches.flatMap(({ field: branch }) => (branch.kind === "object" ? branch.members : []))
        : [];
  const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
  const at = members.findIndex((member) => member.name === name);
  const member = members[at];
  return member === undefined ? [members.length] : [at, ...rankOf(member.field, rest)];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const by = (a[i] ?? -1) - (b[i] ?? -1);
    if (by !== 0) return by;
  }
  return 0;
}

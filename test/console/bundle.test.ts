import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "console");
const dist = join(root, "dist");

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly isDynamicEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8")) as Readonly<Record<string, Chunk>>;
const kB = 1_000;

function gzipped(file: string): number {
  return gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
}

/** The files of a chunk and its static imports. */
function filesFrom(name: string, seen = new Set<string>()): ReadonlySet<string> {
  const chunk = manifest[name];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const needed of chunk.imports ?? []) filesFrom(needed, seen);
  return seen;
}

const sum = (files: Iterable<string>): number => [...files].reduce((total, file) => total + gzipped(file), 0);

test("the first load, the run page and all lazy chunks are within their size budgets", () => {
  const entry = Object.keys(manifest).find((name) => manifest[name]?.isEntry) ?? "";
  const first = filesFrom(entry);
  const pages = Object.keys(manifest).filter((name) => manifest[name]?.isDynamicEntry);
  const home = new Set([...first, ...filesFrom("src/screens/home/page.tsx")]);
  const run = new Set([...first, ...filesFrom("src/screens/run/page.tsx")]);
  console.log(`first load ${(sum(home) / kB).toFixed(1)} kB gz, run page ${(sum(run) / kB).toFixed(1)} kB gz`);
  assert.ok(sum(home) <= 150 * kB, `first load: ${sum(home)} bytes of JavaScript, gzipped`);
  assert.ok(sum(run) <= 180 * kB, `run page: ${sum(run)} bytes of JavaScript, gzipped`);
  for (const page of pages)
    for (const file of filesFrom(page))
      if (!first.has(file)) assert.ok(gzipped(file) <= 60 * kB, `${file}: ${gzipped(file)} bytes, gzipped`);
  const css = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
  assert.ok(sum(css) <= 15 * kB, `styles: ${sum(css)} bytes, gzipped`);
});

const tokens = readFileSync(join(root, "src", "tokens.css"), "utf8");

/** The light and dark value of each colour. */
const colours = new Map(
  [...tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, [light, dark] as const],
  ),
);

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** As WCAG 2.2 defines it. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test("text colours have a contrast of at least 4.5, bars and edges of at least 3", () => {
  const tones = ["ok", "bad", "warn", "calm", "undo", "go"];
  const grounds = ["bg", "panel", "sunk"];
  const texts: (readonly [string, string])[] = [
    ...["text", "muted", "accent", ...tones].flatMap((ink) => grounds.map((ground) => [ink, ground] as const)),
    ...tones.map((tone) => [tone, `${tone}-soft`] as const),
    ["on-accent", "accent"],
    ["accent", "accent-soft"],
    ["text", "accent-soft"],
    ["muted", "accent-soft"],
  ];
  const shapes: (readonly [string, string])[] = [
    ...tones.map((tone) => [`${tone}-bar`, "panel"] as const),
    ["edge", "panel"],
    ["edge", "bg"],
  ];
  const low = [...texts.map((pair) => [...pair, 4.5] as const), ...shapes.map((pair) => [...pair, 3] as const)].flatMap(
    ([ink, ground, least]) =>
      [0, 1].flatMap((theme) => {
        const value = contrast(colours.get(ink)?.[theme] ?? "#000000", colours.get(ground)?.[theme] ?? "#000000");
        return value >= least ? [] : [`${ink} on ${ground}, ${theme === 0 ? "light" : "dark"}: ${value.toFixed(2)}`];
      }),
  );
  assert.deepEqual(low, []);
});

test("raw colours appear only in the token file", () => {
  const found = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(css|tsx?)$/.test(file) && file !== "tokens.css")
    .flatMap((file) =>
      [
        ...readFileSync(join(root, "src", file), "utf8").matchAll(
          /#[0-9a-f]{3}(?:[0-9a-f]{3})?\b|\b(?:rgb|hsl|oklch)a?\(/gi,
        ),
      ].map((match) => `${file}: ${match[0]}`),
    )
    // The dialog backdrop is dark in both themes.
    .filter((each) => each !== "base.css: rgb(");
  assert.deepEqual(found, []);
});

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { mutants } from "./mutants.ts";
import { poisonAmbient } from "./poison.ts";
import { type Report, simulate } from "./simulate.ts";

/** `npm run sim`: one seed with its history, a sweep of seeds, or the drill of planted bugs. */
const drillFile = new URL("./drill.json", import.meta.url);
const realNow = performance.now.bind(performance);
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string" },
    mutant: { type: "string" },
    drill: { type: "boolean" },
  },
});
const mutant = values.mutant === undefined ? null : mutants.find((each) => each.name === values.mutant);
if (mutant === undefined) {
  console.error(`Unknown planted bug ${values.mutant}. Use one of ${mutants.map((each) => each.name).join(", ")}`);
  process.exit(2);
}
const restore = poisonAmbient();
const failed =
  values.seed !== undefined
    ? await replayOne(Number(values.seed))
    : values.drill
      ? await drill()
      : await sweep(Number(values.from ?? 1), Number(values.seeds ?? 1000));
restore();
process.exitCode = failed ? 1 : 0;

async function replayOne(seed: number): Promise<boolean> {
  const report = await simulate(seed, mutant);
  const again = await simulate(seed, mutant);
  console.log(
    `seed ${seed}: ${report.events} events, ${report.runs} runs, history ${report.hash}${again.hash === report.hash ? "" : `, but ${again.hash} on the second run`}`,
  );
  console.log(`faults ${JSON.stringify(report.faults)}`);
  if (report.violations.length > 0) console.log(report.history.tail(60));
  for (const violation of report.violations) console.log(`${violation.invariant}: ${violation.detail}`);
  return report.violations.length > 0 || again.hash !== report.hash;
}

async function sweep(from: number, count: number): Promise<boolean> {
  const begun = realNow();
  const pairs = new Set<string>();
  const bad: Report[] = [];
  let events = 0;
  for (let seed = from; seed < from + count; seed++) {
    const report = await simulate(seed, mutant);
    events += report.events;
    for (const pair of report.pairs) pairs.add(pair);
    if (report.violations.length > 0) {
      bad.push(report);
      console.log(
        `seed ${seed}: ${report.violations
          .map((each) => `${each.invariant} ${each.detail}`)
          .slice(0, 3)
          .join(" | ")}`,
      );
      if (bad.length >= 10) break;
    }
    if ((seed - from + 1) % 1000 === 0)
      console.log(`${seed - from + 1} seeds, ${Math.round((seed - from + 1) / ((realNow() - begun) / 1000))} a second`);
  }
  const seconds = (realNow() - begun) / 1000;
  console.log(
    `${count} seeds, ${bad.length} with violations, ${events} events, ${pairs.size} pairs of facts, ${seconds.toFixed(1)} s`,
  );
  if (bad[0] !== undefined) console.log(`replay: npm run sim -- --seed ${bad[0].seed}`);
  return bad.length > 0;
}

/** Each planted bug must be found within 500 seeds. The seed that found it is kept, so that the tests try it first. */
async function drill(): Promise<boolean> {
  let isMissed = false;
  const foundAt: Record<string, number> = JSON.parse(readFileSync(drillFile, "utf8"));
  for (const bug of mutants.filter((each) => values.mutant === undefined || each.name === values.mutant)) {
    let found: Report | null = null;
    for (let seed = 1; seed <= 500 && found === null; seed++) {
      const report = await simulate(seed, bug);
      if (report.violations.length > 0) found = report;
    }
    const what =
      found === null
        ? "NOT FOUND in 500 seeds"
        : `found at seed ${found.seed} by ${found.violations[0]?.invariant}: ${found.violations[0]?.detail.slice(0, 120)}`;
    console.log(`${bug.name.padEnd(16)} ${what}`);
    if (found === null) isMissed = true;
    else foundAt[bug.name] = found.seed;
  }
  const known = Object.entries(foundAt).filter(([name]) => mutants.some((bug) => bug.name === name));
  writeFileSync(drillFile, `${JSON.stringify(Object.fromEntries(known.sort()), null, 2)}\n`);
  return isMissed;
}

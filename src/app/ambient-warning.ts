import type { Logger } from "../kernel/ports/logger.ts";
import { currentRun } from "./current-run.ts";

/** Functions whose result differs in each replay, and what to write instead. */
const instead = {
  "Date.now()": "ctx.now()",
  "new Date()": "new Date(ctx.now())",
  "Math.random()": "ctx.random()",
  "fetch()": "a step: ctx.step(name, () => fetch(…))",
} as const;

type Ambient = keyof typeof instead;

/**
 * Warns once per definition and function when workflow code calls it between steps, where a replay would get another
 * result. For development: it replaces globals of the whole process. Returns a function that restores them.
 */
export function warnOfAmbientUse(logger: Logger): () => void {
  const reported = new Set<string>();
  const note = (what: Ambient): void => {
    const around = currentRun();
    if (around === null || around.step !== null) return;
    const { name } = around.run.definition;
    if (reported.has(`${name} ${what}`)) return;
    reported.add(`${name} ${what}`);
    logger.log("warn", `workflow ${name} uses ${what} outside of a step: a replay gets a different value`, {
      workflow: name,
      run: around.run.id,
      instead: instead[what],
    });
  };
  const { Date: date, fetch } = globalThis;
  const { now } = date;
  const { random } = Math;
  date.now = () => {
    note("Date.now()");
    return now();
  };
  Math.random = () => {
    note("Math.random()");
    return random();
  };
  globalThis.fetch = (...request) => {
    note("fetch()");
    return fetch(...request);
  };
  globalThis.Date = new Proxy(date, {
    construct: (target, given, asked) => {
      if (given.length === 0) note("new Date()");
      return Reflect.construct(target, given, asked === globalThis.Date ? target : asked) as Date;
    },
  });
  return () => {
    date.now = now;
    Math.random = random;
    globalThis.fetch = fetch;
    globalThis.Date = date;
  };
}

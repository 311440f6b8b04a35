import { checkHistories, loadFolder } from "../../app/bundles/check-histories.ts";
import { storeExists } from "../../app/find-server.ts";
import { type EffectiveConfig, loadConfig, storeOf } from "../../app/load-config.ts";
import { describeProblem, shown } from "../../app/load-problem.ts";
import { showStore } from "../../app/store-address.ts";
import { type CommandContext, runCommand } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { sideBySide } from "../side-by-side.ts";
import { plain } from "../text.ts";

export interface CheckOptions extends Globals {
  readonly last: string;
}

/** One replayed run, as printed by `--json`. */
interface Line {
  readonly run: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  readonly outcome: "compatible" | "diverges";
  /** Why it is incompatible, the position of the first difference from 1, and both lists. */
  readonly detail?: string;
  readonly at?: number;
  readonly recorded?: readonly string[];
  readonly asked?: readonly string[];
}

/** `baton check`: replays recorded histories against the code of the folder, without running any step. */
export function check(name: string | undefined, options: CheckOptions): Promise<Exit> {
  return runCommand(options, async (context) => {
    const config = await loadConfig(options);
    const { definitions, problems } = await loadFolder(config);
    for (const problem of problems) context.io.say(`error: ${describeProblem(problem)}`);
    refuseMissing(config);
    const lines: Line[] = [];
    const filter = { last: lastOf(options.last), name: name ?? null };
    for await (const { run, verdict } of checkHistories(config, definitions, filter)) {
      const line: Line = {
        run: run.id,
        name: run.definition.name,
        version: run.definition.version,
        status: run.status,
        ...verdict,
      };
      lines.push(line);
      if (context.io.format === "human") context.io.lines(textOf(line, context));
    }
    const diverging = lines.filter((line) => line.outcome === "diverges").length;
    if (context.io.format !== "human") context.io.list(lines);
    else
      context.io.lines([
        `${lines.length} histories: ${lines.length - diverging} compatible, ${diverging} incompatible`,
      ]);
    return diverging > 0 || problems.length > 0 ? exit.failed : exit.ok;
  });
}

function textOf(line: Line, { io }: CommandContext): readonly string[] {
  const head = `${line.run}  ${plain(line.name)} ${line.version}  ${line.status}`;
  if (line.outcome === "compatible") return [`${io.paint("green", "compatible")}    ${head}`];
  return [
    `${io.paint("red", "incompatible")}  ${head}  at ${line.at}: ${plain(line.detail ?? "")}`,
    ...sideBySide(line.recorded ?? [], line.asked ?? []),
  ];
}

function lastOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new CliError(exit.usage, "usage", `--last must be a number, not ${JSON.stringify(text)}`);
}

function refuseMissing(config: EffectiveConfig): void {
  const address = storeOf(config);
  if (storeExists(address)) return;
  throw new CliError(exit.notFound, "not-found", `no store found at ${shown(showStore(address))}`, {
    hint: "pass the store whose histories to check with --store; a copy works too",
  });
}

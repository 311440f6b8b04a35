import { examineFile } from "../../app/doctor.ts";
import { findServer, storeExists } from "../../app/find-server.ts";
import { loadConfig, namedStore, storeOf } from "../../app/load-config.ts";
import type { DoctorReport, FindingView, RepairView } from "../../wire/doctor.ts";
import { type CommandContext, runCommand, runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { type Colour, plain, table } from "../text.ts";

export interface DoctorCommand extends Globals {
  readonly full?: boolean;
  readonly repair?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

/** `baton doctor`: exit code 1 if a check fails. */
export async function doctor(options: DoctorCommand): Promise<Exit> {
  let unopened: DoctorReport | null = null;
  const before = await runCommand(options, async (context) => {
    unopened = await examineUnopened(options);
    if (unopened !== null) printSchedule(context, unopened, options);
    return unopened?.level === "bad" ? exit.failed : exit.ok;
  });
  if (unopened !== null || before !== exit.ok) return before;
  const mends = options.repair === true && options.yes === true;
  return runConnected(options, mends ? "act" : "read", async (context) => {
    const { client } = context.connection;
    const query = options.full === true ? { full: "true" } : {};
    if (mends) {
      const planned = await client.get<DoctorReport>("/api/doctor", query);
      // Print the plan first.
      for (const { what, count } of planned.repairs) context.io.say(`repair: ${what} (${count})`);
    }
    const body = options.reason === undefined ? {} : { reason: options.reason };
    const report = mends
      ? await client.post<DoctorReport>("/api/doctor/repair", body)
      : await client.get<DoctorReport>("/api/doctor", query);
    printSchedule(context, report, options);
    return report.level === "bad" ? exit.failed : exit.ok;
  });
}

/** A file that cannot be opened as a store is examined from outside. A server has already opened its own. */
async function examineUnopened(options: DoctorCommand): Promise<DoctorReport | null> {
  if (options.url !== undefined || process.env["BATON_URL"] !== undefined) return null;
  const address = namedStore(options) ?? storeOf(await loadConfig(options));
  if (address.kind !== "sqlite" || !storeExists(address) || (await findServer(address.path)) !== null) return null;
  const examined = examineFile(address.path);
  return examined === null ? null : { ...examined, level: examined.findings[0]?.level ?? "ok" };
}

function printSchedule({ io }: Pick<CommandContext, "io">, report: DoctorReport, options: DoctorCommand): void {
  if (io.format === "json") return io.document(report);
  if (io.format === "jsonl") return io.list(report.findings);
  io.lines(
    table(
      [
        { head: "", cell: (row: FindingView) => row.level, colour: (row: FindingView) => colourOf(row.level) },
        { head: "CHECK", cell: (row: FindingView) => row.code },
        { head: "RESULT", cell: whatCell },
      ],
      report.findings,
      io,
    ),
  );
  for (const { level, code, where, count, todo } of report.findings) {
    if (level === "ok" || todo === null) continue;
    io.say(plain(`${code}: ${todo}`));
    if (where.length > 0) io.say(plain(`  ${where.join(", ")}${count > where.length ? `, … (${count})` : ""}`));
  }
  for (const repair of report.repairs) io.say(plain(repairText(repair)));
  const isPlan = options.repair === true && options.yes !== true && report.repairs.length > 0;
  if (isPlan) io.say("nothing was changed; to apply this: baton doctor --repair --yes");
}

function whatCell({ what, count, where }: FindingView): string {
  return where.length === 0 ? what : `${what} (${count})`;
}

function repairText({ repair, what, count, mended }: RepairView): string {
  return mended === null ? `${repair}: ${what}; affects ${count}` : `${repair}: ${what}; repaired ${mended}`;
}

function colourOf(level: FindingView["level"]): Colour {
  return level === "ok" ? "green" : level === "warn" ? "yellow" : "red";
}

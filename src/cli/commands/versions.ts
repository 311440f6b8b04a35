import type { Definitions, DefinitionView } from "../../wire/definition.ts";
import type { MoveBody, MovedRuns, VersionBody } from "../../wire/version.ts";
import { runConnected } from "../command.ts";
import type { Connection, Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { sideBySide } from "../side-by-side.ts";
import { ago, plain, table } from "../text.ts";

export interface VersionsOptions extends Globals {
  readonly use?: string;
  readonly drain?: string;
  readonly move?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** `baton versions`: lists versions; with a flag, selects, drains or moves. */
export function versions(name: string | undefined, options: VersionsOptions): Promise<Exit> {
  const asked = [options.use, options.drain, options.move].filter((each) => each !== undefined);
  return runConnected(options, asked.length === 0 ? "read" : "act", async ({ io, connection }) => {
    if (asked.length > 1) throw usage("use only one of --use, --drain and --move");
    if (asked.length === 1 && name === undefined) throw usage("give the name of the workflow");
    if (options.move !== undefined) return move(io, connection, name ?? "", options);
    const answer = await (asked.length === 0
      ? connection.client.get<Definitions>("/api/definitions", { name })
      : change(connection, name ?? "", options));
    if (answer.items.length === 0 && name !== undefined)
      throw new CliError(exit.notFound, "not-found", `no versions of ${JSON.stringify(name)} found`, {
        hint: "list all with: baton versions",
      });
    show(io, answer.items);
    return exit.ok;
  });
}

function change(connection: Connection, name: string, options: VersionsOptions): Promise<Definitions> {
  if (options.dryRun) throw usage("--dry-run works only with --move");
  const verb = options.use === undefined ? "drain" : "use";
  const body: VersionBody = {
    version: numberOf(`--${verb}`, options.use ?? options.drain ?? ""),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  return connection.client.post<Definitions>(`/api/definitions/${encodeURIComponent(name)}/${verb}`, body);
}

function show(io: Io, items: readonly DefinitionView[]): void {
  if (io.format !== "human") return io.list(items);
  const now = Date.now();
  io.lines(
    table(
      [
        { head: "NAME", cell: (row: DefinitionView) => row.name },
        { head: "VERSION", cell: (row) => String(row.version) },
        { head: "CODE", cell: (row) => row.fingerprint?.slice(0, 12) ?? "-" },
        { head: "CREATED", cell: (row) => (row.createdAt === null ? "-" : ago(row.createdAt, now)) },
        { head: "", cell: stateOf },
        { head: "RUNS", cell: runsText },
        { head: "LOADED", cell: hereText },
      ],
      items,
      io,
    ),
  );
}

function stateOf(row: DefinitionView): string {
  if (row.isRetired) return "retired";
  if (row.isDrained) return "draining";
  return row.isUsed ? "new runs" : "";
}

/** Open runs first: they are the reason to keep a version. */
function runsText({ runs }: DefinitionView): string {
  const rest = new Set(["completed", "cancelled"]);
  const texts = Object.entries(runs)
    .toSorted(([a], [b]) => Number(rest.has(a)) - Number(rest.has(b)))
    .map(([status, count]) => `${count} ${status}`);
  return texts.length === 0 ? "none" : texts.join(", ");
}

function hereText({ isLoaded, unloadable }: DefinitionView): string {
  if (isLoaded) return "yes";
  return unloadable === null ? "on demand" : `no: ${unloadable}`;
}

async function move(io: Io, connection: Connection, name: string, options: VersionsOptions): Promise<Exit> {
  const body: MoveBody = {
    from: numberOf("--move", options.move ?? ""),
    ...(options.to === undefined ? {} : { to: numberOf("--to", options.to) }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.dryRun ? { dryRun: true } : {}),
  };
  const result = await connection.client.post<MovedRuns>(`/api/definitions/${encodeURIComponent(name)}/move`, body);
  if (io.format !== "human") io.document(result);
  else {
    const verb = result.dryRun ? "would move" : "moved";
    io.lines([
      `${verb} ${result.movedCount} from version ${result.from} to ${result.to}, ${result.leftCount} ${result.dryRun ? "would stay" : "stay"}`,
      ...result.moved.map((run) => `${verb}  ${run}`),
      ...result.left.flatMap(({ run, reason, recorded = [], asked = [] }) => [
        `stays  ${run}  ${plain(reason)}`,
        ...(recorded.length + asked.length === 0 ? [] : sideBySide(recorded, asked)),
      ]),
    ]);
  }
  return exit.ok;
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw usage(`${flag} must be a version number, not ${JSON.stringify(text)}`);
}

function usage(message: string): CliError {
  return new CliError(exit.usage, "usage", message, { hint: "baton versions --help" });
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Bulk, BulkBody, BulkPreview, BulkVerb } from "../../wire/bulk.ts";
import type { DeadLetterGroup } from "../../wire/dead-letter.ts";
import type { RunStatus } from "../../wire/status.ts";
import type { Client } from "../client.ts";
import { type CommandContext, runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { readCount } from "../input.ts";
import { ago, type Column, plain, table } from "../text.ts";
import { rowsMax } from "./runs.ts";

export interface BulkOptions extends Globals {
  readonly fingerprint?: string;
  readonly name?: string;
  readonly status?: string;
  readonly key?: string;
  readonly all?: boolean;
  readonly canary?: string;
  readonly rate?: string;
  readonly compensate?: boolean;
  readonly stopClocks?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  /** False with `--no-wait`. */
  readonly wait?: boolean;
}

export interface BulkListOptions extends Globals {
  readonly limit: string;
}

/** Interval for polling the progress of a bulk operation, ms. */
const lookMs = 300;

/** `baton redrive`, and `baton bulk <verb>` for the others. */
export function startBulk(verb: BulkVerb, options: BulkOptions): Promise<Exit> {
  const follows = options.wait !== false && options.dryRun !== true;
  return runConnected(options, follows ? "work" : "act", async ({ connection: { client }, ...context }) => {
    const body = bulkBody(verb, options);
    if (options.dryRun) return preview(context, client, body);
    const bulk = await client.post<Bulk>("/api/bulk", body);
    return show(context, follows ? await followBulk(context, client, bulk) : bulk);
  });
}

function bulkBody(verb: BulkVerb, options: BulkOptions): BulkBody {
  const { fingerprint, name, status, key, all, canary, rate, compensate, stopClocks, reason, dryRun } = options;
  const filter = {
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status: status as RunStatus }),
    ...(key === undefined ? {} : { key }),
  };
  if (Object.keys(filter).length === 0 && all !== true) {
    throw new CliError(exit.usage, "usage", `${verb} needs a filter`, {
      hint: "use --fingerprint, --name, --status or --key, or --all for every run that the command applies to",
    });
  }
  return {
    verb,
    filter,
    ...(canary === undefined ? {} : { canary: readCanary(canary) }),
    ...(rate === undefined ? {} : { rate: readRate(rate) }),
    ...(compensate === true ? { compensate } : {}),
    ...(stopClocks === true ? { stopClocks } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(dryRun === true ? { dryRun } : {}),
  };
}

function readCanary(given: string): number[] {
  return given.split(",").map((part) => readCount("--canary", part.trim(), 100_000));
}

/** `10`, `10/s` or `600/m`, as runs per second. */
function readRate(given: string): number {
  const [, count, unit = "s"] = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(given.trim()) ?? [];
  const rate = Number(count) / { s: 1, m: 60, h: 3_600 }[unit as "s" | "m" | "h"];
  if (rate > 0) return rate;
  throw new CliError(exit.usage, "usage", `--rate must be a number of runs per time unit, not ${given}`, {
    hint: "for example 10/s, 300/m or 1000/h",
  });
}

async function preview({ io }: Omit<CommandContext, "connection">, client: Client, body: BulkBody): Promise<Exit> {
  const result = await client.post<BulkPreview>("/api/bulk", body);
  if (io.format !== "human") {
    io.document(result);
    return exit.ok;
  }
  const groups = body.verb === "redrive" ? await groupsOf(client, body) : [];
  io.lines([
    `would ${result.verb} ${result.total} ${result.total === 1 ? "run" : "runs"}${result.sample.length === 0 ? "" : `, including ${result.sample.join(", ")}`}`,
    ...groups.map(
      (group) => `${String(group.count).padStart(7)}  ${group.name} ${group.step ?? ""}: ${plain(group.message)}`,
    ),
    ...(result.sample[0] === undefined
      ? []
      : [`preview one of them: baton ${oneVerb(body.verb)} ${result.sample[0]} --dry-run`]),
  ]);
  return exit.ok;
}

async function groupsOf(client: Client, { filter }: BulkBody): Promise<readonly DeadLetterGroup[]> {
  const groups = await client.rows<DeadLetterGroup>("/api/dead-letters", {}, rowsMax);
  return groups.filter(
    (group) =>
      (filter.fingerprint === undefined || group.fingerprint === filter.fingerprint) &&
      (filter.name === undefined || group.name === filter.name),
  );
}

function oneVerb(verb: BulkVerb): string {
  return verb === "redrive" ? "resume" : verb;
}

async function followBulk(
  { io, signal }: Omit<CommandContext, "connection">,
  client: Client,
  begun: Bulk,
): Promise<Bulk> {
  let bulk = begun;
  let result = "";
  while (bulk.status === "running" && !signal.aborted) {
    const line = progress(bulk);
    if (line !== result && io.format === "human") io.say(line);
    result = line;
    await sleep(lookMs, undefined, { signal }).catch(() => {});
    bulk = await client.get<Bulk>(`/api/bulk/${bulk.id}`);
  }
  return bulk;
}

function progress({ verb, done, refused, total, canaryStage, canary }: Bulk): string {
  const lot = canaryStage === null ? "" : ` (canary ${canaryStage + 1} of ${canary.length})`;
  return `${verb}: ${done + refused} of ${total}${lot}`;
}

function show({ io }: Omit<CommandContext, "connection">, bulk: Bulk): Exit {
  if (io.format !== "human") io.document(bulk);
  else
    io.lines([
      `${bulk.id} ${bulk.status}: ${pastOf[bulk.verb]} ${bulk.done} of ${bulk.total} runs${bulk.refused === 0 ? "" : `, ${bulk.refused} refused`}${bulk.left === 0 ? "" : `, ${bulk.left} not processed`}`,
      ...(bulk.detail === null ? [] : [plain(bulk.detail)]),
    ]);
  return bulk.status === "stopped" ? exit.failed : exit.ok;
}

const pastOf: Readonly<Record<BulkVerb, string>> = {
  resume: "resumed",
  redrive: "redrove",
  retry: "retried",
  cancel: "cancelled",
  suspend: "suspended",
  compensate: "compensated",
  dismiss: "dismissed",
};

/** `baton bulk` */
export function listBulks(options: BulkListOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection: { client } }) => {
    const rows = await client.rows<Bulk>("/api/bulk", {}, readCount("--limit", options.limit, rowsMax));
    if (io.format !== "human") io.list(rows);
    else if (rows.length === 0) io.say("no bulk operations");
    else io.lines(table(columns(Date.now()), rows, io));
    return exit.ok;
  });
}

function columns(now: number): readonly Column<Bulk>[] {
  return [
    { head: "ID", cell: (bulk) => bulk.id },
    { head: "COMMAND", cell: (bulk) => bulk.verb },
    { head: "STATUS", cell: (bulk) => bulk.status },
    { head: "DONE", cell: (bulk) => `${bulk.done}/${bulk.total}` },
    { head: "BY", cell: (bulk) => bulk.startedBy },
    { head: "STARTED", cell: (bulk) => ago(bulk.createdAt, now) },
    { head: "REASON", cell: (bulk) => bulk.detail ?? bulk.reason ?? "" },
  ];
}

/** `baton bulk show` and `baton bulk stop`. */
export function showBulk(id: string, options: Globals): Promise<Exit> {
  return runConnected(options, "read", async ({ connection: { client }, ...context }) =>
    show(context, await client.get<Bulk>(`/api/bulk/${encodeURIComponent(id)}`)),
  );
}

export function stopBulk(id: string, options: Globals & { reason?: string }): Promise<Exit> {
  return runConnected(options, "act", async ({ connection: { client }, ...context }) => {
    const { reason } = options;
    show(
      context,
      await client.post<Bulk>(`/api/bulk/${encodeURIComponent(id)}/stop`, reason === undefined ? {} : { reason }),
    );
    return exit.ok;
  });
}
